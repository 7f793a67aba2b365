// The dialect of OpenAI's chat completions, as the pipeline sees it.
import { openStream } from './stream-writer.ts'
import { parse } from './parse.ts'
import { render } from './render.ts'
import { unscannedIn } from './unscanned.ts'
import { writeAnswer, writeError, writeStreamError } from './write.ts'
import type { DialectWire } from '../port.ts'

export const openaiChat: DialectWire = { parse, render, writeAnswer, writeError, writeStreamError, unscannedIn, openStream }
