// What a caller says of itself in headers. All of it is claimed; nothing here is believed, and all of it is bounded.
import type { Claims } from '../plugin/contract.ts'
import type { JsonObject } from '../model/value.ts'
import { parseDecimal } from '../model/money.ts'
import { GatewayError } from '../errors/gateway-error.ts'

const MAX_CHARS = 256
const MAX_METADATA_CHARS = 4096

type HeaderReader = (name: string) => string | null

const NO_METADATA: JsonObject = {}

/** Reads the claim headers. What is malformed is reported by `checkClaims`, before anything is judged. */
export function readClaims(header: HeaderReader): Claims {
  const maxCost = header('x-sallyport-max-cost')
  return {
    feature: bounded(header('x-sallyport-feature')),
    user: bounded(header('x-sallyport-user')),
    session: bounded(header('x-sallyport-session')),
    instance: bounded(header('x-sallyport-instance')),
    maxCostNano: maxCost === null ? null : readMoney(maxCost),
    metadata: readMetadata(header('x-sallyport-metadata')) ?? NO_METADATA,
  }
}

/** A refusal for headers that cannot be read, or null. */
export function checkClaims(header: HeaderReader): GatewayError | null {
  const maxCost = header('x-sallyport-max-cost')
  if (maxCost !== null && readMoney(maxCost) === null) return badHeader('x-sallyport-max-cost', 'is not a decimal number such as 0.25')
  if (header('x-sallyport-metadata') !== null && readMetadata(header('x-sallyport-metadata')) === null) {
    return badHeader('x-sallyport-metadata', `is not a JSON object of at most ${MAX_METADATA_CHARS} characters`)
  }
  for (const name of ['feature', 'user', 'session', 'instance']) {
    if ((header(`x-sallyport-${name}`)?.length ?? 0) > MAX_CHARS)
      return badHeader(`x-sallyport-${name}`, `is longer than ${MAX_CHARS} characters`)
  }
  return null
}

function badHeader(name: string, problem: string): GatewayError {
  return new GatewayError('invalid_request', { message: `The header ${name} ${problem}.`, param: name })
}

function bounded(value: string | null): string | null {
  return value === null || value === '' ? null : value.slice(0, MAX_CHARS)
}

function readMoney(text: string): bigint | null {
  try {
    const nano = parseDecimal(text.trim())
    return nano < 0n ? null : nano
  } catch {
    return null
  }
}

function readMetadata(text: string | null): JsonObject | null {
  if (text === null || text.length > MAX_METADATA_CHARS) return null
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null
  } catch {
    return null
  }
}
