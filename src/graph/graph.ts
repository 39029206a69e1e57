/**
 * @file The traced network as plain data: nodes in topological order, parameters, outputs, and where in the source each comes from.
 * Built by the tracer, read by everything to the right of it. No TypeScript and no mathematics here.
 */
import type { Dim, ModelForm, Place, SiteKind } from "../schema/report"
import type { Op } from "./op"

export type NodeId = number

/** "float" carries gradients; "int" and "bool" do not. */
export type Dtype = "float" | "int" | "bool"

export interface Node {
  readonly id: NodeId // equals its index in graph.nodes
  readonly op: Op
  readonly operands: readonly NodeId[] // all smaller than id
  readonly shape: readonly Dim[]
  readonly dtype: Dtype
  /** The call or operator in the source. */
  readonly at?: Place
  /** How the source names it, for reasons: "tf.softmax", "dense 'relu'", "layerNormalization". */
  readonly label?: string
  /** Path of the layer it belongs to, "h/3/attention", for reasons and folding. */
  readonly scope?: string
}

export interface Parameter extends Place {
  /** Path in the source, unique in the graph: "dense_1/kernel", "wq", "h/0/wq". */
  readonly id: string
  /** tfjs's weight name where it differs from id. */
  readonly weight?: string
  readonly shape: readonly Dim[]
  readonly trainable: boolean
  /** Where it, or its layer, was frozen. */
  readonly frozenAt?: Place
  /** Trained in some steps and frozen in others; the same for those that are frozen in the same ones, "?" leads where it is not known when. */
  readonly turns?: string
  /** The forward pass takes what was once computed from it. */
  readonly readOnce?: true
  /** Only a first call reads it: those that follow go on with what that has left. */
  readonly readFirst?: true
  /** No weight of the source but a constant that is added to this parameter, under a name made for the laws. */
  readonly constantBeside?: string
  /** Its node, or null when it is created and never used. */
  readonly node: NodeId | null
  readonly regularizer?: { readonly l1: number; readonly l2: number }
  /** Name of the constraint that moves the parameter after every step ("maxNorm", "nonNeg", …); "constraint" where it cannot be read. */
  readonly constraint?: string
  /** Name of the initializer as tfjs spells it ("glorotUniform", "zeros", …), where known. */
  readonly initializer?: string
}

export interface Graph {
  readonly nodes: readonly Node[]
  readonly parameters: readonly Parameter[]
  /** What the loss sees. */
  readonly outputs: readonly NodeId[]
}

/** A place of the source that hovers answer for, with what it made. */
export interface TracedSite extends Place {
  readonly kind: SiteKind
  /** What a reader calls it: "dense_1", "'relu'", "wq". */
  readonly label: string
  readonly nodes: readonly NodeId[]
  readonly parameters: readonly number[]
}

export type OptimizerName = "sgd" | "momentum" | "nesterov" | "adam" | "adamw" | "adamax" | "adagrad" | "adadelta" | "rmsprop" | "unknown"

/** An optimizer in sight of the model: compile({optimizer}), tf.train.*, here or in a file that imports the model. */
export interface OptimizerUse {
  readonly name: OptimizerName
  /** As written: "tf.train.adam(1e-3)". */
  readonly text: string
  readonly learningRate?: number
  readonly momentum?: number
  readonly weightDecay?: number
  /** What minimize is told to train, as written ("w1", "params/b"), where it is told; other parameters do not move. */
  readonly variables?: readonly string[]
  /** Names of weights that the loss it minimizes reads otherwise than by the output. */
  readonly beside?: readonly string[]
  /** Names of weights that the code around its steps writes itself; "all" where it is not known which. */
  readonly written?: readonly string[] | "all"
  /** The same of code that is not seen to run between its steps, and of which nothing shows that it does not. */
  readonly perhaps?: readonly string[] | "all"
  /** Whether the code around its steps freezes parts of the network in turns. */
  readonly inTurns?: true
  /** Given to a `compile` that may be the source's own. */
  readonly elsewhere?: true
  readonly place: Place
}

/** A loss in sight of the model, as written or as tfjs names it ("categoricalCrossentropy"). */
export interface LossUse {
  readonly name: string
  /** The output it is given for, where compile lists losses by the names of outputs. */
  readonly output?: string
  /** Operations of the source's own that are not read as a loss. */
  readonly byHand?: true
  /** A text, which compile looks up. */
  readonly quoted?: true
  /** Given to a `compile` that may be the source's own. */
  readonly elsewhere?: true
  readonly place: Place
}

/**
 * A loss that the code computes by itself, as a graph over the same parameters (and others that stand still) whose one output it is; or why it is
 * not read.
 */
export type OwnLossGraph = Place & { readonly name: string } & (
  {
      readonly graph: Graph
      /** Parameters it reads otherwise than in the network's forward pass: by themselves, and through another network that has them as well. */
      readonly beside: readonly string[]
      readonly through: readonly ThroughNetwork[]
      /** Others that train the network beside it, and why they are not read. */
      readonly unread?: readonly { readonly name: string; readonly why: string }[]
    }
  | { readonly why: string }
)

export interface ThroughNetwork {
  readonly parameter: string
  /** The name of the other network. */
  readonly network: string
}

/** Another network of the file whose steps train weights that this one has as well. */
export interface SharedTraining {
  readonly name: string
  /** Among the models of the file. */
  readonly index: number
  /** Ids here, and there. */
  readonly weights: readonly (readonly [own: string, other: string])[]
}

/** What compile measures beside the loss: nothing is differentiated here. */
export type MetricUse = LossUse

/** A layer of a model made with tf.sequential or tf.model, as the model's own list has it. */
export interface TracedLayer {
  /** Kind in snake case: "dense", "max_pooling2d", an own class's name, "sequential" or "functional" for a model among the layers. */
  readonly type: string
  /** Path in the model: "dense_1", "functional_2/dense_1". */
  readonly path: string
  /** One shape for each tensor it returns; empty where its result could not be read. */
  readonly outputShapes: readonly (readonly Dim[])[]
  /** Indices of its parameters in the graph, those of layers inside it included. */
  readonly parameters: readonly number[]
  /** What its configuration says in numbers, texts and flags; null for an entry that is there and not known. */
  readonly options: Readonly<Record<string, LayerOption | null>>
  /** Layers inside it: those of a model, the wrapped one of timeDistributed and its kin. */
  readonly layers: readonly TracedLayer[]
}
export type LayerOption = number | string | boolean | readonly (number | string)[]

/** What tfjs refuses in a layer or between layers. The layer is in the graph as it is meant, unless shapes do not fit. */
export interface Refusal extends Place {
  /** "ignored": tfjs passes over a setting in silence; "uncollected": weights that fit leaves alone. All others throw. */
  readonly kind: "setting" | "ignored" | "name" | "shapes" | "open" | "operation" | "frozen" | "training" | "uncollected"
  /** One sentence without a full stop. */
  readonly what: string
  /** The sentence says what to write in its place. */
  readonly fixable: boolean
}

/** One model of a file, as the tracer leaves it. */
export interface TracedModel extends Place {
  readonly name: string
  readonly form: ModelForm
  readonly graph: Graph
  readonly inputs: readonly { readonly name: string; readonly shape: readonly Dim[] }[]
  readonly parameterCount: Dim | null
  /** Absent for models that are not made of tf.layers. */
  readonly layers?: readonly TracedLayer[]
  readonly sites: readonly TracedSite[]
  readonly optimizers: readonly OptimizerUse[]
  readonly losses: readonly LossUse[]
  readonly metrics: readonly MetricUse[]
  /** Present where the code computes a loss that is none of tfjs's. */
  readonly ownLoss?: OwnLossGraph
  readonly shared?: readonly SharedTraining[]
  readonly assumptions: readonly string[]
  readonly unsupported: readonly (Place & { readonly what: string })[]
  readonly refused?: readonly Refusal[]
  /** Where the code throws whatever it is given, and why. */
  readonly throws?: Place & { readonly what: string }
}

/** What tracing one file gives; never throws for bad code. */
export interface TracedFile {
  readonly models: readonly TracedModel[]
  readonly problems: readonly (Place & { readonly message: string })[]
}
