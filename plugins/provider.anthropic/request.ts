// Chat completion request -> Messages request. What Claude cannot do at all is an error; what only tunes an answer and has no
// counterpart (penalties, seed, log probabilities) is left out. See README.md.
import { isArray, isObject, isText, objectsIn } from './json.ts'
import { toMessages } from './messages.ts'
import type { Json, JsonObject } from '../../core/plugin/index.ts'

/** Anthropic requires a bound; this is used when neither client nor policy sets one. */
const DEFAULT_MAX_TOKENS = 4096

/** Throws an Error that says what the provider cannot do. */
export function toMessagesRequest(body: JsonObject, model: string, stream: boolean): JsonObject {
  if (typeof body.n === 'number' && body.n > 1) throw new Error('Anthropic models give one choice per request; `n` must be 1.')
  const { system, messages } = toMessages(objectsIn(body.messages))
  const instruction = formatInstruction(body.response_format)
  const out: { [name: string]: Json } = { model, max_tokens: maxTokens(body), messages }
  if (instruction !== null) system.push({ type: 'text', text: instruction })
  if (system.length > 0) out.system = system
  if (stream) out.stream = true
  copySampling(body, out)
  const tools = toTools(body)
  if (tools.length > 0) {
    out.tools = tools
    const choice = toToolChoice(body)
    if (choice !== null) out.tool_choice = choice
  }
  return out
}

function maxTokens(body: JsonObject): number {
  const bounds = [body.max_tokens, body.max_completion_tokens].filter((bound) => typeof bound === 'number')
  return bounds.length === 0 ? DEFAULT_MAX_TOKENS : Math.min(...bounds)
}

function copySampling(body: JsonObject, out: { [name: string]: Json }): void {
  const thinks = isObject(body.thinking) && body.thinking.type !== 'disabled'
  if (isObject(body.thinking)) out.thinking = body.thinking
  // OpenAI's scale ends at 2, Anthropic's at 1; with thinking it cannot be set.
  if (typeof body.temperature === 'number' && !thinks) out.temperature = Math.min(1, Math.max(0, body.temperature))
  if (typeof body.top_p === 'number') out.top_p = body.top_p
  if (typeof body.top_k === 'number' && !thinks) out.top_k = body.top_k
  const stops = (isText(body.stop) ? [body.stop] : isArray(body.stop) ? body.stop.filter(isText) : []).filter((stop) => stop.trim() !== '')
  if (stops.length > 0) out.stop_sequences = stops
  if (isText(body.user)) out.metadata = { user_id: body.user }
  if (body.service_tier === 'auto') out.service_tier = 'auto'
}

/** Claude is told in words what OpenAI takes as a parameter. */
function formatInstruction(format: Json | undefined): string | null {
  if (!isObject(format)) return null
  if (format.type === 'json_object') return 'Answer with one JSON object and nothing else.'
  if (format.type !== 'json_schema' || !isObject(format.json_schema)) return null
  return `Answer with JSON that follows this JSON Schema, and nothing else:\n${JSON.stringify(format.json_schema.schema ?? {})}`
}

function toTools(body: JsonObject): readonly JsonObject[] {
  const tools = objectsIn(body.tools).map((tool): JsonObject => {
    if (tool.type === 'function' && isObject(tool.function)) return toTool(tool.function, tool)
    if (tool.type === 'custom') throw new Error('Anthropic models know no tools of type `custom`.')
    // A tool that Anthropic runs, by its own name; policies have already said that it may be used.
    return tool
  })
  return [...tools, ...objectsIn(body.functions).map((definition) => toTool(definition, {}))]
}

function toTool(definition: JsonObject, { cache_control: cacheControl }: JsonObject): JsonObject {
  return {
    name: definition.name ?? '',
    ...(isText(definition.description) ? { description: definition.description } : {}),
    input_schema: isObject(definition.parameters) ? definition.parameters : { type: 'object', properties: {} },
    ...(isObject(cacheControl) ? { cache_control: cacheControl } : {}),
  }
}

function toToolChoice(body: JsonObject): JsonObject | null {
  const choice = choiceOf(body.tool_choice ?? body.function_call)
  if (body.parallel_tool_calls !== false) return choice
  if (choice?.type === 'none') return choice
  return { ...(choice ?? { type: 'auto' }), disable_parallel_tool_use: true }
}

function choiceOf(choice: Json | undefined): JsonObject | null {
  if (choice === 'auto') return { type: 'auto' }
  if (choice === 'none') return { type: 'none' }
  if (choice === 'required') return { type: 'any' }
  if (!isObject(choice)) return null
  const named = isObject(choice.function) ? choice.function.name : choice.name
  if (isText(named)) return { type: 'tool', name: named }
  throw new Error(`Anthropic models know no \`tool_choice\` of type \`${String(choice.type)}\`.`)
}
