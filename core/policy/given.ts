// Values that a person gives for attributes, read by the type of the attribute, so that a slip is an answer and not a wrong explanation.
import { didYouMean } from '../../dsl/index.ts'
import { isIP } from 'node:net'
import type { Attribute, AttributeType } from '../plugin/contract.ts'
import type { Bundle } from '../../dsl/index.ts'
import type { Words } from './words.ts'

/** Wrong usage; the message says what to write. */
export class GivenError extends Error {}

export interface KnownNames {
  readonly words: Words
  readonly bundle: Pick<Bundle, 'attributes'> | null
}

/** Values by attribute from a JSON object; `null` is absence. Throws GivenError. */
export function givenFrom(object: { readonly [name: string]: unknown }, names: KnownNames): ReadonlyMap<string, unknown> {
  const given = new Map<string, unknown>()
  for (const [name, value] of Object.entries(object)) {
    const attribute = attributeNamed(name, names)
    if (!attribute.optional && value === null) throw new GivenError(`\`${name}\` is never absent`)
    const problem = value === null ? null : mismatch(value, attribute.type)
    if (problem !== null) throw new GivenError(`\`${name}\` is ${describeType(attribute.type)}, and ${problem}`)
    given.set(name, value)
  }
  return given
}

/** Throws GivenError with the name that was probably meant. */
export function attributeNamed(name: string, { words, bundle }: KnownNames): Attribute {
  const attribute = words.attribute(name)?.attribute
  if (attribute && !name.endsWith('.*')) return attribute
  const known = [...words.vocabulary.attributes.map((one) => one.name), ...(bundle?.attributes ?? [])].filter((one) => !one.endsWith('.*'))
  const hint = didYouMean(name, known)
  throw new GivenError(`there is no attribute \`${name}\`${hint === null ? '' : `. ${hint}`}`)
}

/** What is wrong with a value for a type, in half a sentence; null: it fits. */
export function mismatch(value: unknown, type: AttributeType): string | null {
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

export function describeType(type: AttributeType): string {
  if (type.kind === 'enum') return `one of ${type.values.join(', ')}`
  if (type.kind === 'ip') return 'an IP address'
  if (type.kind === 'list') return `a list of ${type.of.kind}`
  return type.kind === 'record' ? `an object with ${Object.keys(type.fields).join(', ')}` : `a ${type.kind}`
}
