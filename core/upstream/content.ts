// Tells whether a streamed chunk commits the exchange to its provider: the first one that says something to the reader.
// Role announcements, empty deltas and usage figures do not; a finish reason does, since an empty answer is an answer.
import type { Json, JsonObject } from '../model/value.ts'

export function hasContent(chunk: JsonObject): boolean {
  const choices = chunk.choices
  return Array.isArray(choices) && choices.some(says)
}

function says(choice: Json): boolean {
  if (!isObject(choice)) return false
  if (!isEmpty(choice.finish_reason)) return true
  const delta = choice.delta
  if (!isObject(delta)) return false
  for (const name in delta) if (name !== 'role' && !isEmpty(delta[name])) return true
  return false
}

function isEmpty(value: Json | undefined): boolean {
  return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
