// The simulated models: what each says to a request. Everything depends on the request alone, so the same one gets the same answer.
import { sentences } from './prose.ts'
import { tokensOf } from './tokens.ts'
import type { Json, JsonObject } from '../../core/plugin/index.ts'

export interface SimCall {
  readonly name: string
  readonly arguments: string
}

/** One choice of an answer, before any bound on its length. */
export interface SimChoice {
  readonly text: string
  readonly call: SimCall | null
}

export const SIM_MODELS = ['sim-echo', 'sim-chat', 'sim-slow', 'sim-error-500', 'sim-error-429', 'sim-dies'] as const

export type SimModel = (typeof SIM_MODELS)[number]

export function isSimModel(name: string): name is SimModel {
  return (SIM_MODELS as readonly string[]).includes(name)
}

export function choose(model: SimModel, body: JsonObject, choice: number): SimChoice {
  const last = lastUserText(body)
  if (model === 'sim-echo') return { text: last, call: null }
  const call = model === 'sim-chat' ? askedCall(last, body) : null
  return call === null ? { text: sentences(`${choice} ${promptText(body)}`), call } : { text: '', call }
}

export function promptTokens(body: JsonObject): number {
  return Math.max(1, tokensOf(promptText(body)).length)
}

function messagesOf(body: JsonObject): readonly JsonObject[] {
  return Array.isArray(body.messages) ? (body.messages as readonly JsonObject[]) : []
}

function promptText(body: JsonObject): string {
  return messagesOf(body)
    .map((message) => textOf(message.content))
    .join('\n')
}

function lastUserText(body: JsonObject): string {
  return textOf(messagesOf(body).findLast(({ role }) => role === 'user')?.content)
}

function textOf(content: Json | undefined): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map((part: JsonObject) => (typeof part.text === 'string' ? part.text : '')).join('')
}

/** `call NAME {"json": "arguments"}` in the last user message calls that tool, if it is offered. */
function askedCall(text: string, body: JsonObject): SimCall | null {
  const match = /^call\s+(\S+)\s*([^]*)$/.exec(text)
  if (match === null || body.tool_choice === 'none') return null
  const tool = offeredFunctions(body).find(({ name }) => name === match[1])
  if (tool === undefined) return null
  return { name: match[1]!, arguments: isJsonObject(match[2]!) ? match[2]!.trim() : JSON.stringify(sampleOf(tool.parameters)) }
}

function offeredFunctions(body: JsonObject): readonly JsonObject[] {
  const tools = Array.isArray(body.tools) ? (body.tools as readonly JsonObject[]) : []
  return tools
    .map((tool) => tool.function)
    .filter((definition): definition is JsonObject => typeof definition === 'object' && definition !== null)
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

/** A value for each property that the schema names, by its type. */
function sampleOf(schema: Json | undefined): JsonObject {
  const properties = (schema as JsonObject | undefined)?.properties
  if (typeof properties !== 'object' || properties === null) return {}
  return Object.fromEntries(
    Object.entries(properties as JsonObject).map(([name, property]) => [name, sampleValue(property as JsonObject, name)]),
  )
}

function sampleValue(property: JsonObject, name: string): Json {
  if (Array.isArray(property.enum)) return property.enum[0] as Json
  if (property.type === 'number' || property.type === 'integer') return 1
  if (property.type === 'boolean') return true
  if (property.type === 'array') return []
  return property.type === 'object' ? sampleOf(property) : `sample ${name}`
}
