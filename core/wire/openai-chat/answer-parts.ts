// The content view of a whole answer: every text of every choice. What a provider adds of its own, in whatever member, is seen too.
import { CHOICE_WORDS, CHUNK_WORDS, REASONING, SILENT } from './answer-words.ts'
import { eachString, isArray, isObject } from './json.ts'
import type { BodyPath, CompletionLocation, Part } from '../../model/content.ts'
import type { Json, JsonObject } from '../../model/value.ts'

export function answerParts(body: JsonObject): readonly Part[] {
  const parts: Part[] = []
  const choices = body.choices as readonly JsonObject[]
  for (let i = 0; i < choices.length; i++) {
    readMessage(choices[i]!.message as JsonObject, ['choices', i, 'message'], parts)
    for (const name in choices[i]!)
      if (name !== 'message' && !CHOICE_WORDS.has(name)) addAll(parts, 'completion.text', choices[i]![name]!, ['choices', i, name])
  }
  for (const name in body) if (!CHUNK_WORDS.has(name)) addAll(parts, 'completion.text', body[name]!, [name])
  return parts
}

function readMessage(message: JsonObject, path: BodyPath, parts: Part[]): void {
  for (const name in message) {
    const value = message[name]!
    if (value === null || SILENT.has(name)) continue
    if (name === 'content' && typeof value === 'string') add(parts, 'completion.text', value, [...path, name])
    else if (name === 'tool_calls') readCalls(value, [...path, name], parts)
    else if (name === 'function_call') readCall(value, [...path, name], parts)
    else addAll(parts, REASONING.has(name) ? 'completion.reasoning' : 'completion.text', value, [...path, name])
  }
}

function readCalls(calls: Json, path: BodyPath, parts: Part[]): void {
  if (!isArray(calls)) return
  calls.forEach((call, i) => {
    if (!isObject(call)) return addAll(parts, 'completion.arguments', call, [...path, i])
    for (const name of ['function', 'custom']) if (call[name] !== undefined) readCall(call[name], [...path, i, name], parts)
    for (const name in call) {
      if (!SILENT.has(name) && name !== 'function' && name !== 'custom')
        addAll(parts, 'completion.arguments', call[name]!, [...path, i, name])
    }
  })
}

function readCall(call: Json, path: BodyPath, parts: Part[]): void {
  if (!isObject(call)) return addAll(parts, 'completion.arguments', call, path)
  for (const name in call) {
    const value = call[name]!
    if (name === 'arguments' && typeof value === 'string') add(parts, 'completion.arguments', value, [...path, name], 'json')
    else if (name === 'name' && typeof value === 'string') add(parts, 'completion.arguments', value, [...path, name])
    else addAll(parts, 'completion.arguments', value, [...path, name])
  }
}

/** Strings wherever they stand in the value, except where a silent member holds them. */
function addAll(parts: Part[], location: CompletionLocation, value: Json, path: BodyPath): void {
  eachString(value, path, (text, at) => {
    const name = at.at(-1)
    if (at.length === path.length || typeof name !== 'string' || !SILENT.has(name)) add(parts, location, text, at)
  })
}

function add(parts: Part[], location: CompletionLocation, text: string, path: BodyPath, encoding: Part['encoding'] = 'text'): void {
  if (text !== '') parts.push({ location, text, path, rewritable: true, encoding })
}
