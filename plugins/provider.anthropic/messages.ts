// Messages of a chat -> turns of the Messages API: system texts apart, tool results inside user turns, neighbours of one role joined.
import { isArray, isObject, isText, objectsIn, parseOrUndefined } from './json.ts'
import type { Json, JsonObject } from '../../core/plugin/index.ts'

export interface Turns {
  readonly system: JsonObject[]
  readonly messages: readonly JsonObject[]
}

type Blocks = JsonObject[]

export function toMessages(chat: readonly JsonObject[]): Turns {
  const system: Blocks = []
  const turns: { role: 'user' | 'assistant'; content: Blocks }[] = []
  for (const message of chat) {
    if (message.role === 'system' || message.role === 'developer') {
      system.push(...contentBlocks(message.content))
      continue
    }
    const role = message.role === 'assistant' ? 'assistant' : 'user'
    const blocks = blocksOf(message)
    if (blocks.length === 0) continue
    // The API wants all results of parallel calls in the one turn that follows them.
    const last = turns.at(-1)
    if (last?.role === role) last.content.push(...blocks)
    else turns.push({ role, content: blocks })
  }
  return { system, messages: turns }
}

function blocksOf(message: JsonObject): Blocks {
  if (message.role === 'tool') return [toolResult(message.tool_call_id ?? '', message.content)]
  if (message.role === 'function') return [toolResult(idOfFunction(message.name), message.content)]
  const blocks = contentBlocks(message.content)
  if (message.role !== 'assistant') return blocks
  if (isText(message.refusal) && message.refusal !== '') blocks.push({ type: 'text', text: message.refusal })
  for (const call of objectsIn(message.tool_calls)) if (isObject(call.function)) blocks.push(toolUse(call.id ?? '', call.function))
  if (isObject(message.function_call)) blocks.push(toolUse(idOfFunction(message.function_call.name), message.function_call))
  return blocks
}

/** The older functions have no ids; their name joins call and result. */
function idOfFunction(name: Json | undefined): string {
  return `call_${String(name)}`
}

function toolUse(id: Json, call: JsonObject): JsonObject {
  const source = isText(call.arguments) ? call.arguments : ''
  const input = source.trim() === '' ? {} : parseOrUndefined(source)
  if (!isObject(input))
    throw new Error(`The arguments of the tool call \`${String(call.name)}\` are no JSON object, which Anthropic models require.`)
  return { type: 'tool_use', id, name: call.name ?? '', input }
}

function toolResult(id: Json, content: Json | undefined): JsonObject {
  const blocks = contentBlocks(content)
  return blocks.length === 0 ? { type: 'tool_result', tool_use_id: id } : { type: 'tool_result', tool_use_id: id, content: blocks }
}

/** Anthropic refuses empty texts, so they are left out. */
function contentBlocks(content: Json | undefined): Blocks {
  if (isText(content)) return content === '' ? [] : [{ type: 'text', text: content }]
  if (!isArray(content)) return []
  return content.filter(isObject).flatMap((part) => {
    const block = blockOf(part)
    if (block === null) return []
    return [isObject(part.cache_control) ? { ...block, cache_control: part.cache_control } : block]
  })
}

function blockOf(part: JsonObject): JsonObject | null {
  if (part.type === 'text' || part.type === 'refusal') {
    const text = part.type === 'text' ? part.text : part.refusal
    return isText(text) && text !== '' ? { type: 'text', text } : null
  }
  if (part.type === 'image_url') return imageBlock(isObject(part.image_url) ? part.image_url.url : part.image_url)
  if (part.type === 'file' && isObject(part.file)) return fileBlock(part.file)
  throw new Error(`Anthropic models take no content part of type \`${String(part.type)}\`.`)
}

const DATA_URL = /^data:([\w.+/-]+);base64,/

function imageBlock(url: Json | undefined): JsonObject {
  if (!isText(url)) throw new Error('An image has no URL.')
  return { type: 'image', source: sourceOf(url) }
}

function fileBlock(file: JsonObject): JsonObject {
  if (!isText(file.file_data)) throw new Error('Anthropic models take files only as `file_data`; a `file_id` belongs to another provider.')
  const source = sourceOf(file.file_data)
  return { type: 'document', source, ...(isText(file.filename) ? { title: file.filename } : {}) }
}

function sourceOf(url: string): JsonObject {
  const match = DATA_URL.exec(url)
  if (match !== null) return { type: 'base64', media_type: match[1]!, data: url.slice(match[0].length) }
  if (/^https?:/i.test(url)) return { type: 'url', url }
  throw new Error('Anthropic models take images and files as `data:` URLs in base64 or as http(s) URLs.')
}
