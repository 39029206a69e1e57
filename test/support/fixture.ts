/**
 * @file Reads the tags of a fixture file: which oracle row a declaration stands for and what data its forward method takes.
 * Independent of the tracer, which must find the same by itself.
 */
import { basename } from "node:path"
import ts from "typescript"
import { fixtureProgram, listSources } from "./program"

/** `below`: the input holds integers under this number. A string in `shape` is a symbol. */
export interface FixtureInput {
  readonly name: string
  readonly shape: readonly (number | string)[]
  readonly below?: number
}

export interface Fixture {
  readonly fileName: string
  /** Row of laws.json. */
  readonly row: string
  /** Class, function or constant. */
  readonly name: string
  /** "file/Name", for test titles. */
  readonly title: string
  /** Empty for layer models, which know their inputs. */
  readonly inputs: readonly FixtureInput[]
}

const tagText = (tag: ts.JSDocTag): string => (ts.getTextOfJSDocComment(tag.comment) ?? "").trim()

function tagsNamed(node: ts.Node, name: string): readonly string[] {
  return ts.getJSDocTags(node).filter((tag) => tag.tagName.text === name).map(tagText)
}

/** Classes from derived to base, within one file. */
function lineage(declaration: ts.ClassDeclaration): readonly ts.ClassDeclaration[] {
  const base = declaration.heritageClauses?.flatMap((clause) => [...clause.types])[0]?.expression
  if (base === undefined || !ts.isIdentifier(base)) return [declaration]
  const parent = declaration.getSourceFile().statements.find((s): s is ts.ClassDeclaration => ts.isClassDeclaration(s) && s.name?.text === base.text)
  return parent === undefined ? [declaration] : [declaration, ...lineage(parent)]
}

function readInputs(node: ts.FunctionDeclaration | ts.MethodDeclaration | ts.VariableDeclaration): readonly FixtureInput[] {
  const parameters = ts.getJSDocTags(node).filter(ts.isJSDocParameterTag)
  const bounds = new Map(parameters.map((tag) => [tag.name.getText(), /below (\d+)/.exec(tagText(tag))?.[1]]))
  return tagsNamed(node, "shape").map((text) => {
    const match = /^(\w+)\s*\[(.*)\]$/.exec(text)
    if (match === null) throw new Error(`fixture: cannot read '@shape ${text}'`)
    const shape = match[2].split(",").map((size) => (/^\d+$/.test(size.trim()) ? Number(size) : size.trim()))
    const below = bounds.get(match[1])
    return { name: match[1], shape, ...(below === undefined ? {} : { below: Number(below) }) }
  })
}

/** Methods of the object a factory returns. */
function returnedMethods(node: ts.Node): readonly ts.MethodDeclaration[] {
  const found: ts.MethodDeclaration[] = []
  const visit = (child: ts.Node): void => {
    if (ts.isMethodDeclaration(child)) found.push(child)
    else ts.forEachChild(child, visit)
  }
  ts.forEachChild(node, visit)
  return found
}

function inputsOf(declaration: ts.Node): readonly FixtureInput[] {
  if (ts.isFunctionDeclaration(declaration)) {
    const own = readInputs(declaration)
    return own.length > 0 ? own : returnedMethods(declaration).map(readInputs).find((inputs) => inputs.length > 0) ?? []
  }
  if (ts.isVariableDeclaration(declaration)) return readInputs(declaration)
  if (!ts.isClassDeclaration(declaration)) return []
  const methods = lineage(declaration).flatMap((c) => c.members.filter(ts.isMethodDeclaration))
  return methods.map(readInputs).find((inputs) => inputs.length > 0) ?? []
}

/** Every tagged declaration of a folder's files, in the order of files and lines. */
function taggedFixtures(folder: string, tag: string): readonly Fixture[] {
  const program = fixtureProgram()
  program.getTypeChecker() // Binds the files: tags are found through parents.
  return listSources(folder).flatMap((fileName) => {
    const source = program.getSourceFile(fileName)
    if (source === undefined) throw new Error(`fixture: ${fileName} is not in the program`)
    return source.statements.flatMap((statement): readonly Fixture[] => {
      const node = ts.isVariableStatement(statement) ? statement.declarationList.declarations[0] : statement
      const [row] = tagsNamed(node, tag)
      if (row === undefined) return []
      const name = nameOf(statement)
      return [{ fileName, row, name, title: `${basename(fileName, ".ts")}/${name}`, inputs: inputsOf(node) }]
    })
  })
}

/** The oracle's networks, `row` being the oracle's name. */
export const oracleFixtures = (): readonly Fixture[] => taggedFixtures("test/fixtures/oracle", "oracle")

/** Architectures in no list, whose number of laws was found without rules. */
export const architectureFixtures = (): readonly Fixture[] => taggedFixtures("test/fixtures/architectures", "architecture")

/** Models as they are found in the wild, without a known number of laws. */
export const wildFixtures = (): readonly Fixture[] => taggedFixtures("test/fixtures/wild", "wild")

function nameOf(statement: ts.Statement): string {
  if ((ts.isClassDeclaration(statement) || ts.isFunctionDeclaration(statement)) && statement.name !== undefined) return statement.name.text
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations[0].name.getText()
  throw new Error(`fixture: @oracle on something without a name in ${statement.getSourceFile().fileName}`)
}

