// Collects the content view of a request: every text that would reach a provider becomes a part, whatever member it stands in.
// What is not known here is not harmless: it is seen as a whole, and a finding in it cannot be rewritten away.
import { gatherText, isArray, isObject } from './json.ts'
import type { BodyPath, Part, PromptLocation } from '../../model/content.ts'
import type { Json, JsonObject } from '../../model/value.ts'
import type { RequestTool } from '../../model/request.ts'

/** Words of the protocol itself; they say nothing that a guard would look for. */
const PROTOCOL_WORDS = new Set(
  (
    'user assistant system developer tool function text refusal image_url input_audio file audio auto none required any low medium high minimal xhigh max default flex ' +
    'priority scale json_object json_schema grammar lark regex custom allowed_tools in-memory 24h wav mp3 flac opus pcm16 static content approximate ephemeral'
  ).split(' '),
)

/** Ids as providers make them. */
const ISSUED_ID = /^(?:call|toolu|tool|fc|chatcmpl-tool|functions\.[\w-]+)[_:-]?[A-Za-z0-9_-]{0,64}$/

const MIN_TELLING_DIGITS = 8
const MAX_KINDS = 32
const MAX_KIND_CHARS = 64

export class RequestView {
  readonly parts: Part[] = []
  readonly tools: RequestTool[] = []
  readonly references: string[] = []
  readonly serverTools: string[] = []
  readonly unscanned: string[] = []

  text(location: PromptLocation, text: string, path: BodyPath): void {
    if (text !== '') this.parts.push({ location, text, path, rewritable: true, encoding: 'text' })
  }

  /** JSON source inside a string. */
  json(location: PromptLocation, text: string, path: BodyPath): void {
    if (text !== '') this.parts.push({ location, text, path, rewritable: true, encoding: 'json' })
  }

  /** Text that must stay as it is: a finding in it refuses the request. */
  fixed(location: PromptLocation, text: string, path: BodyPath): void {
    if (text !== '' && !PROTOCOL_WORDS.has(text)) this.parts.push({ location, text, path, rewritable: false, encoding: 'text' })
  }

  /** An id of a tool call: nothing to see in one that a provider made, a text like any other else. */
  id(value: Json, path: BodyPath): void {
    if (typeof value !== 'string') this.whole('prompt.definitions', value, path)
    else if (!ISSUED_ID.test(value) || /\d{9}/.test(value)) this.fixed('prompt.definitions', value, path)
  }

  /** A setting in figures; so many of them are an account or a card number. */
  number(value: number, path: BodyPath): void {
    const text = String(value)
    if (text.length >= MIN_TELLING_DIGITS) this.fixed('prompt.definitions', text, path)
  }

  /** A value of any form, as one text. */
  whole(location: PromptLocation, value: Json, path: BodyPath): void {
    if (value === null || typeof value === 'boolean') return
    this.fixed(location, gatherText(value), path)
  }

  /** A member that this file does not know: a plain string can be rewritten, anything else only be seen. */
  unknown(location: PromptLocation, value: Json, path: BodyPath): void {
    if (typeof value !== 'string') this.whole(location, value, path)
    else if (!PROTOCOL_WORDS.has(value)) this.text(location, value, path)
  }

  /** A flat list or object of strings (`stop`, `metadata`): each can be rewritten. */
  strings(location: PromptLocation, value: Json, path: BodyPath): void {
    if (isArray(value)) value.forEach((item, i) => this.unknown(location, item, [...path, i]))
    else if (isObject(value)) {
      this.fixed(location, Object.keys(value).join('\n'), path)
      for (const name in value) this.unknown(location, value[name]!, [...path, name])
    } else this.unknown(location, value, path)
  }

  /** Members of an object that are not in `known`. */
  rest(location: PromptLocation, object: JsonObject, known: ReadonlySet<string>, path: BodyPath): void {
    for (const name in object) {
      if (known.has(name)) continue
      this.fixed('prompt.definitions', name, [...path, name])
      this.unknown(location, object[name]!, [...path, name])
    }
  }

  refer(kind: string): void {
    note(this.references, kind)
  }

  cannotScan(kind: string): void {
    note(this.unscanned, kind)
  }

  serverTool(name: string): void {
    note(this.serverTools, name)
  }
}

/** Kinds come from the client: a body with a million of them must cost no more than a million steps. */
function note(list: string[], kind: string): void {
  const bounded = list.length >= MAX_KINDS || kind.length > MAX_KIND_CHARS ? 'other' : kind
  if (!list.includes(bounded)) list.push(bounded)
}
