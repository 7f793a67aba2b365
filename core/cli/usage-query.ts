// The question behind `sallyport usage`, and how its options are written.
import { InvalidArgumentError } from 'commander'

/** What usage can be told apart by, and its column. */
export const DIMENSIONS = {
  tenant: 'tenant',
  user: 'user_id',
  key: 'key_id',
  model: 'model',
  provider: 'provider',
  session: 'session_id',
  feature: 'feature',
  instance: 'instance_id',
  day: 'local_day',
} as const
export type Dimension = keyof typeof DIMENSIONS

const SECONDS = { m: 60, h: 3600, d: 86_400, w: 604_800 } as const

/** The query behind the table. `seconds` is how far it looks back. Sums of money are null where no row has any. */
export function usageQuery(by: readonly Dimension[], seconds: number): string {
  const keys = by.map((dimension) => `${DIMENSIONS[dimension]} AS ${dimension}`)
  const money = ['cost', 'price', 'margin'].map((name) => `sum(r.${name}) AS ${name}`)
  const sums = ['prompt_tokens', 'completion_tokens', 'total_tokens'].map((name) => `sum(r.${name}) AS ${name}`)
  return `SELECT ${[...keys, 'count() AS requests', ...sums, ...money].join(', ')}
FROM requests AS r WHERE r.ts >= now() - ${seconds} GROUP BY ${by.join(', ')} ORDER BY total_tokens DESC, ${by.join(', ')}`
}

/** Reads `tenant,model`. Throws what commander shows to the user. */
export function parseBy(text: string): Dimension[] {
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !Object.hasOwn(DIMENSIONS, name))
  if (unknown !== undefined) throw new InvalidArgumentError(`"${unknown}" is none of ${Object.keys(DIMENSIONS).join(', ')}.`)
  return [...new Set(names)] as Dimension[]
}

/** Reads `7d`, `12h`, `30m`, `2w` into seconds. */
export function parseSince(text: string): number {
  const match = /^(\d{1,6})([mhdw])$/.exec(text)
  if (match === null) throw new InvalidArgumentError('Write a number and m, h, d or w, e.g. 7d.')
  return Number(match[1]) * SECONDS[match[2] as keyof typeof SECONDS]
}
