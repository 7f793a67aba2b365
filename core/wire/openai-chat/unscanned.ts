// What an answer holds beside texts: audio, images, files, sealed reasoning. No guard can read them, so they are named.
import { CHOICE_WORDS, CHUNK_WORDS } from './answer-words.ts'
import { isArray, isObject } from './json.ts'
import type { Json, JsonObject } from '../../model/value.ts'

const BYTES: ReadonlySet<string> = new Set(['data', 'b64_json', 'file_data'])
const DATA_URL = /^data:[^,]*;base64,/i

/** Names come from the provider: as many, and as long, as a record takes. */
const MAX_KINDS = 32
const MAX_KIND_CHARS = 64

/** Members of an answer or a chunk of one that hold bytes: of the message or delta, beside it, and beside the choices. */
export function noteUnscanned(body: JsonObject, kinds: Set<string>): void {
  for (const name in body) if (!CHUNK_WORDS.has(name)) noteMember(name, body[name]!, kinds)
  if (!isArray(body.choices)) return
  for (const choice of body.choices) {
    if (!isObject(choice)) continue
    for (const name in choice) {
      const value = choice[name]!
      if ((name === 'delta' || name === 'message') && isObject(value)) for (const inner in value) noteMember(inner, value[inner]!, kinds)
      else if (!CHOICE_WORDS.has(name)) noteMember(name, value, kinds)
    }
  }
}

/** At the top of a member a text is scanned, but for the one name that stands for bytes everywhere. */
function noteMember(name: string, value: Json, kinds: Set<string>): void {
  if (typeof value === 'string' ? value !== '' && name === 'data' : typeof value === 'object' && holdsBytes(value))
    kinds.add(kinds.size >= MAX_KINDS || name.length > MAX_KIND_CHARS ? 'other' : name)
}

function holdsBytes(value: Json): boolean {
  if (typeof value === 'string') return DATA_URL.test(value)
  if (isArray(value)) return value.some(holdsBytes)
  if (!isObject(value)) return false
  for (const name in value) {
    const member = value[name]!
    if (typeof member === 'string' && member !== '' && BYTES.has(name)) return true
    if (holdsBytes(member)) return true
  }
  return false
}

/** Of a whole answer. */
export function unscannedIn(body: JsonObject): readonly string[] {
  const kinds = new Set<string>()
  noteUnscanned(body, kinds)
  return [...kinds]
}
