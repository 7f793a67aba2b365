// Parses a chat completion request once: refuses what is broken, and finds every text, reference and tool in it.
import { isUtf8, isAscii } from 'node:buffer'
import type { GatewayError } from '../../errors/gateway-error.ts'
import { BadRequest, fail, needArray, needObject, needString, optionalBoolean, optionalCount, optionalNumber } from './check.ts'
import { countMembers, scanLayout } from './layout.ts'
import { isObject } from './json.ts'
import { readContent, readMessages } from './messages.ts'
import { readFunctions, readTools } from './tools.ts'
import { RequestView } from './view.ts'
import type { Json, JsonObject } from '../../model/value.ts'
import type { ParsedRequest } from './render.ts'

/** Deeper bodies are refused; ordinary tool schemas stay below 20. */
export const MAX_DEPTH = 64
const MAX_CHOICES = 128
const MAX_TOKENS = 2 ** 31

export function parse(raw: Buffer): ParsedRequest | GatewayError {
  try {
    return read(raw)
  } catch (error) {
    if (error instanceof BadRequest) return error.error
    throw error
  }
}

function read(raw: Buffer): ParsedRequest {
  if (!isUtf8(raw)) throw new BadRequest('The body is not valid UTF-8.', null)
  const bytes = raw.toString('latin1')
  const layout = scanLayout(bytes, MAX_DEPTH)
  if (!layout.isShallow) throw new BadRequest(`The body nests deeper than ${MAX_DEPTH} levels.`, null)
  const body = parseJson(isAscii(raw) ? bytes : raw.toString())
  if (!isObject(body)) throw new BadRequest('The body must be a JSON object.', null)
  const model = needString(body.model, ['model'])
  if (model === '') fail(['model'], 'the name of a model')
  const view = new RequestView()
  readMessages(needArray(body.messages, ['messages']), view)
  for (const name in body) readMember(name, body[name]!, view)
  return {
    dialect: 'openai-chat',
    endpoint: 'chat.completions',
    body,
    raw,
    faithful: layout.members === countMembers(body),
    model,
    stream: optionalBoolean(body, 'stream'),
    wantsUsage: wantsUsage(body),
    choices: optionalCount(body, 'n', MAX_CHOICES) ?? 1,
    maxTokens: maxTokens(body),
    temperature: optionalNumber(body, 'temperature'),
    parts: view.parts,
    tools: view.tools,
    references: view.references,
    serverTools: view.serverTools,
    unscanned: view.unscanned,
    layout,
  }
}

function parseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch (error) {
    throw new BadRequest(`The body is not valid JSON: ${safeMessage(error)}.`, null)
  }
}

/** V8 quotes the text around the fault, which may be anybody's secret and ends up in logs: only the position is passed on. */
function safeMessage(error: unknown): string {
  const message = error instanceof Error ? error.message : ''
  const position = /at position \d+(?: \(line \d+ column \d+\))?/.exec(message)?.[0]
  if (position !== undefined) return `unexpected text ${position}`
  return message.includes('end of JSON input') ? 'it ends too early' : 'unexpected text'
}

function wantsUsage(body: JsonObject): boolean {
  const options = body.stream_options
  if (options === undefined || options === null) return false
  return optionalBoolean(needObject(options, ['stream_options']), 'include_usage')
}

/** A provider may go by either bound, so the larger one counts. */
function maxTokens(body: JsonObject): number | null {
  const older = optionalCount(body, 'max_tokens', MAX_TOKENS)
  const newer = optionalCount(body, 'max_completion_tokens', MAX_TOKENS)
  return older === null || newer === null ? (newer ?? older) : Math.max(older, newer)
}

const NUMBERS = new Set([
  'temperature',
  'top_p',
  'n',
  'seed',
  'max_tokens',
  'max_completion_tokens',
  'presence_penalty',
  'frequency_penalty',
  'top_logprobs',
  'top_k',
  'min_p',
])
const BOOLEANS = new Set(['stream', 'store', 'logprobs', 'parallel_tool_calls'])
const STRING_LISTS = new Set(['stop', 'metadata', 'user', 'safety_identifier', 'prompt_cache_key'])
/** Content that a provider holds. */
const REFERENCES = new Set([
  'previous_response_id',
  'conversation',
  'prompt',
  'assistant_id',
  'thread_id',
  'container',
  'file_ids',
  'attachments',
])
/** Tools and look-ups that a provider runs, in OpenAI's API and in those that imitate it. */
const SERVER_TOOLS = new Set([
  'web_search_options',
  'web_search',
  'search_parameters',
  'enable_search',
  'data_sources',
  'plugins',
  'mcp_servers',
])

function readMember(name: string, value: Json, view: RequestView): void {
  if (name === 'messages' || name === 'model' || value === null) return
  if (NUMBERS.has(name)) return typeof value === 'number' ? view.number(value, [name]) : fail([name], 'a number')
  if (BOOLEANS.has(name)) return typeof value === 'boolean' ? undefined : fail([name], 'true or false')
  if (name === 'tools') return readTools(value, view)
  if (name === 'functions') return readFunctions(value, view)
  if (name === 'logit_bias') return readBias(needObject(value, [name]), view)
  if (name === 'stream_options') return readStreamOptions(needObject(value, [name]), view)
  if (name === 'prediction') return readPrediction(needObject(value, [name]), view)
  if (STRING_LISTS.has(name)) return view.strings('prompt.definitions', value, [name])
  if (REFERENCES.has(name)) view.refer(name)
  else if (SERVER_TOOLS.has(name) && value !== false) view.serverTool(name)
  else if (!KNOWN.has(name)) view.fixed('prompt.definitions', name, [name])
  view.unknown('prompt.definitions', value, [name])
}

/** Members whose names say nothing; their values are seen like any other. */
const KNOWN = new Set([
  'tool_choice',
  'function_call',
  'response_format',
  'reasoning_effort',
  'service_tier',
  'verbosity',
  'modalities',
  'audio',
  'prompt_cache_retention',
  'reasoning',
])

function readPrediction(prediction: JsonObject, view: RequestView): void {
  readContent(prediction.content ?? null, 'prompt.assistant', ['prediction', 'content'], view)
  view.rest('prompt.definitions', prediction, new Set(['type', 'content']), ['prediction'])
  if (prediction.type !== undefined) view.whole('prompt.definitions', prediction.type, ['prediction', 'type'])
}

/** Token numbers and weights: nothing else may stand here. */
function readBias(bias: JsonObject, view: RequestView): void {
  for (const token in bias) {
    const weight = bias[token]
    if (!/^\d{1,7}$/.test(token) || typeof weight !== 'number') fail(['logit_bias'], 'an object of token numbers and weights')
    view.number(weight, ['logit_bias', token])
  }
}

/** `include_usage` was checked; the other one is a switch as well, or it is a text like any other. */
function readStreamOptions(options: JsonObject, view: RequestView): void {
  view.rest('prompt.definitions', options, new Set(['include_usage', 'include_obfuscation']), ['stream_options'])
  view.unknown('prompt.definitions', options.include_obfuscation ?? null, ['stream_options', 'include_obfuscation'])
}
