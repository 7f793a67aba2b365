// `--given attribute=value`: read by the type of the attribute, so that a slip is an answer and not a wrong explanation.
import { didYouMean, type PolicySet } from '../policy/toolbox.ts'
import { isIP } from 'node:net'
import type { AttributeType } from '../plugin/contract.ts'

/** Wrong usage; the message says what to write. */
export class GivenError extends Error {}

/** Values by attribute. Texts may stand bare; lists and records are JSON; `null` is absence. Throws GivenError. */
export function readGiven(pairs: readonly string[], { words, bundle }: PolicySet): ReadonlyMap<string, unknown> {
  const known = [...words.vocabulary.attributes.map(({ name }) => name), ...(bundle?.attributes ?? [])].filter(
    (name) => !name.endsWith('.*'),
  )
  const given = new Map<string, unknown>()
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    if (at === -1) throw new GivenError(`--given ${pair}: write attribute=value, for example tenant.region=eu`)
    const name = pair.slice(0, at)
    if (given.has(name)) throw new GivenError(`--given ${name} stands twice`)
    const attribute = words.attribute(name)?.attribute
    if (!attribute || name.endsWith('.*'))
      throw new GivenError(join(`--given ${pair}: there is no attribute \`${name}\``, didYouMean(name, known)))
    const text = pair.slice(at + 1)
    if (text === 'null' && !attribute.optional) throw new GivenError(`--given ${pair}: \`${name}\` is never absent`)
    given.set(name, text === 'null' ? null : valueOf(text, attribute.type, name))
  }
  return given
}

function valueOf(text: string, type: AttributeType, name: string): unknown {
  const value = isTextual(type) ? bareText(text) : parse(text)
  const problem = mismatch(value, type)
  if (problem !== null)
    throw new GivenError(join(`--given ${name}=${text}: \`${name}\` is ${describe(type)}, and ${problem}`, hintFor(value, type, name)))
  return value
}

const isTextual = ({ kind }: AttributeType): boolean => kind === 'text' || kind === 'enum' || kind === 'ip'

/** `eu` and `"eu"` are the same text. */
function bareText(text: string): unknown {
  const value = text.startsWith('"') ? parse(text) : text
  return typeof value === 'string' ? value : text
}

/** What is no JSON is a text. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Null: it fits. */
function mismatch(value: unknown, type: AttributeType): string | null {
  const shown = `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
  switch (type.kind) {
    case 'text':
      return typeof value === 'string' ? null : `${shown} is no text`
    case 'enum':
      return typeof value === 'string' && type.values.includes(value) ? null : `${shown} is not one of them`
    case 'ip':
      return typeof value === 'string' && isIP(value) !== 0 ? null : `${shown} is none`
    case 'bool':
      return typeof value === 'boolean' ? null : `${shown} is neither true nor false`
    case 'list': {
      if (!Array.isArray(value)) return `${shown} is no list`
      return value.map((item) => mismatch(item, type.of)).find((problem) => problem !== null) ?? null
    }
    case 'record': {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return `${shown} is no object`
      const fields = Object.entries(type.fields)
      return (
        fields.map(([name, of]) => mismatch((value as { readonly [name: string]: unknown })[name], of)).find((one) => one !== null) ?? null
      )
    }
    default:
      return typeof value === 'number' ? null : `${shown} is no number`
  }
}

function describe(type: AttributeType): string {
  if (type.kind === 'enum') return `one of ${type.values.join(', ')}`
  if (type.kind === 'ip') return 'an IP address'
  if (type.kind === 'list') return `a list of ${type.of.kind}`
  return type.kind === 'record' ? `an object with ${Object.keys(type.fields).join(', ')}` : `a ${type.kind}`
}

function hintFor(value: unknown, type: AttributeType, name: string): string | null {
  if (type.kind === 'enum') return typeof value === 'string' ? didYouMean(value, type.values) : null
  if (type.kind === 'list' && !Array.isArray(value) && isTextual(type.of)) return `Write --given '${name}=${JSON.stringify([value])}'.`
  return null
}

const join = (message: string, hint: string | null): string => (hint === null ? message : `${message}. ${hint}`)
