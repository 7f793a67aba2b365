// Reads `messages`: what each role says, its content parts, and the tool calls of earlier turns.
import { fail, needArray, needObject, needString } from './check.ts'
import { isObject } from './json.ts'
import type { BodyPath, PromptLocation } from '../../model/content.ts'
import type { Json, JsonObject } from '../../model/value.ts'
import type { RequestView } from './view.ts'

const LOCATIONS: { readonly [role: string]: PromptLocation } = {
  system: 'prompt.system',
  developer: 'prompt.system',
  user: 'prompt.user',
  assistant: 'prompt.assistant',
  tool: 'prompt.tool',
  function: 'prompt.tool',
}

const REASONING = new Set(['reasoning_content', 'reasoning', 'reasoning_details', 'thinking_blocks'])
const PART_MEMBERS: { readonly [type: string]: ReadonlySet<string> } = {
  text: new Set(['type', 'text']),
  refusal: new Set(['type', 'refusal']),
  image_url: new Set(['type', 'image_url']),
  input_audio: new Set(['type', 'input_audio']),
  file: new Set(['type', 'file']),
}
const NOTHING: ReadonlySet<string> = new Set()

export function readMessages(messages: readonly Json[], view: RequestView): void {
  if (messages.length === 0) fail(['messages'], 'an array with at least one message')
  for (let i = 0; i < messages.length; i++) readMessage(needObject(messages[i], ['messages', i]), i, view)
}

function readMessage(message: JsonObject, index: number, view: RequestView): void {
  const role = message.role
  if (typeof role !== 'string') fail(['messages', index, 'role'], 'a string')
  const location = Object.hasOwn(LOCATIONS, role) ? LOCATIONS[role]! : 'prompt.user'
  if (message.content === undefined && role !== 'assistant') fail(['messages', index, 'content'], 'a string or an array of content parts')
  for (const name in message) {
    const value = message[name]!
    if (name === 'content') readContent(value, location, ['messages', index, name], view)
    else if (name === 'role') view.fixed('prompt.definitions', role, ['messages', index, name])
    else if (value !== null) readOther(name, value, location, ['messages', index, name], view)
  }
}

function readOther(name: string, value: Json, location: PromptLocation, path: BodyPath, view: RequestView): void {
  if (name === 'tool_calls') needArray(value, path).forEach((call, i) => readToolCall(needObject(call, [...path, i]), [...path, i], view))
  else if (name === 'function_call') readFunctionCall(needObject(value, path), path, view)
  else if (name === 'tool_call_id') view.id(value, path)
  else if (name === 'name' || name === 'refusal') view.text(location, needString(value, path), path)
  else if (REASONING.has(name)) view.whole('prompt.reasoning', value, path)
  else if (name === 'audio') {
    // By its id the provider finds what it said; without one there is nothing but what stands here.
    if (!isObject(value) || value.id !== undefined) view.refer('audio')
    view.whole(location, value, path)
  } else {
    view.fixed('prompt.definitions', name, path)
    view.unknown(location, value, path)
  }
}

/** A string or an array of parts; used for `prediction` as well. */
export function readContent(content: Json, location: PromptLocation, path: BodyPath, view: RequestView): void {
  if (typeof content === 'string') return view.text(location, content, path)
  if (content === null) return
  if (!Array.isArray(content)) fail(path, 'a string or an array of content parts')
  content.forEach((part: Json, i) => readPart(needObject(part, [...path, i]), location, [...path, i], view))
}

function readPart(part: JsonObject, location: PromptLocation, path: BodyPath, view: RequestView): void {
  const type = needString(part.type, [...path, 'type'])
  if (type === 'text') view.text(location, needString(part.text, [...path, 'text']), [...path, 'text'])
  else if (type === 'refusal') view.text(location, needString(part.refusal, [...path, 'refusal']), [...path, 'refusal'])
  else if (type === 'image_url') readImage(part.image_url, location, [...path, 'image_url'], view)
  else if (type === 'input_audio') readAudio(part.input_audio, [...path, 'input_audio'], view)
  else if (type === 'file') readFile(needObject(part.file, [...path, 'file']), location, [...path, 'file'], view)
  else view.cannotScan(type)
  view.rest(location, part, Object.hasOwn(PART_MEMBERS, type) ? PART_MEMBERS[type]! : NOTHING, path)
}

const IMAGE_MEMBERS = new Set(['url', 'detail'])
const BASE64_IMAGE = /^data:image\/[\w.+-]+;base64,/

function readImage(image: Json | undefined, location: PromptLocation, path: BodyPath, view: RequestView): void {
  // Some clients send the URL itself where the API has an object.
  const isPlain = typeof image === 'string'
  const object = isPlain ? { url: image } : needObject(image, path)
  const urlPath = isPlain ? path : [...path, 'url']
  const url = needString(object.url, urlPath)
  if (BASE64_IMAGE.test(url)) view.cannotScan('image')
  else {
    view.refer('image_url')
    view.fixed(location, url, urlPath)
  }
  if (isPlain) return
  if (object.detail !== undefined) view.whole(location, object.detail, [...path, 'detail'])
  view.rest(location, object, IMAGE_MEMBERS, path)
}

const AUDIO_MEMBERS = new Set(['data', 'format'])

function readAudio(audio: Json | undefined, path: BodyPath, view: RequestView): void {
  const object = needObject(audio, path)
  view.cannotScan('input_audio')
  if (object.format !== undefined) view.whole('prompt.definitions', object.format, [...path, 'format'])
  view.rest('prompt.definitions', object, AUDIO_MEMBERS, path)
}

const FILE_MEMBERS = new Set(['file_data'])

function readFile(file: JsonObject, location: PromptLocation, path: BodyPath, view: RequestView): void {
  if (file.file_id !== undefined) view.refer('file_id')
  if (file.file_data !== undefined) view.cannotScan('file')
  view.rest(location, file, FILE_MEMBERS, path)
}

const CALL_MEMBERS = new Set(['id', 'type', 'index', 'function', 'custom'])

function readToolCall(call: JsonObject, path: BodyPath, view: RequestView): void {
  if (call.id !== undefined) view.id(call.id, [...path, 'id'])
  if (call.type !== undefined) view.whole('prompt.definitions', call.type, [...path, 'type'])
  if (call.function !== undefined) readFunctionCall(needObject(call.function, [...path, 'function']), [...path, 'function'], view)
  if (call.custom !== undefined) readCustomCall(needObject(call.custom, [...path, 'custom']), [...path, 'custom'], view)
  view.rest('prompt.arguments', call, CALL_MEMBERS, path)
}

const FUNCTION_MEMBERS = new Set(['name', 'arguments'])

function readFunctionCall(call: JsonObject, path: BodyPath, view: RequestView): void {
  view.fixed('prompt.definitions', needString(call.name, [...path, 'name']), [...path, 'name'])
  if (call.arguments !== undefined)
    view.json('prompt.arguments', needString(call.arguments, [...path, 'arguments']), [...path, 'arguments'])
  view.rest('prompt.arguments', call, FUNCTION_MEMBERS, path)
}

const CUSTOM_MEMBERS = new Set(['name', 'input'])

function readCustomCall(call: JsonObject, path: BodyPath, view: RequestView): void {
  view.fixed('prompt.definitions', needString(call.name, [...path, 'name']), [...path, 'name'])
  if (call.input !== undefined) view.text('prompt.arguments', needString(call.input, [...path, 'input']), [...path, 'input'])
  view.rest('prompt.arguments', call, CUSTOM_MEMBERS, path)
}
