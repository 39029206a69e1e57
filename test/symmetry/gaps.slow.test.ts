/** @file Gaps that random networks met, made small: `npm run fuzz -- --record` writes them. */
import { testGaps } from "../support/gapTests"

testGaps("fuzz.txt")
