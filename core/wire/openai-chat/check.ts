// Complaints about a request, each with the parameter at fault in the words of the API: `messages[2].content`.
import { GatewayError } from '../../errors/gateway-error.ts'
import { isArray, isObject } from './json.ts'
import type { BodyPath } from '../../model/content.ts'
import type { Json, JsonObject } from '../../model/value.ts'

/** Thrown inside `parse` and never outside it: reading a body stops at its first fault. */
export class BadRequest extends Error {
  readonly error: GatewayError
  constructor(message: string, param: string | null) {
    super(message)
    this.error = new GatewayError('invalid_request', param === null ? { message } : { message, param })
  }
}

export function fail(path: BodyPath, expected: string): never {
  const param = paramOf(path)
  throw new BadRequest(`\`${param}\` must be ${expected}.`, param)
}

export function paramOf(path: BodyPath): string {
  let param = ''
  for (const step of path) param += typeof step === 'number' ? `[${step}]` : param === '' ? step : `.${step}`
  return param
}

export function needObject(value: Json | undefined, path: BodyPath): JsonObject {
  return isObject(value) ? value : fail(path, 'an object')
}

export function needArray(value: Json | undefined, path: BodyPath): readonly Json[] {
  return isArray(value) ? value : fail(path, 'an array')
}

export function needString(value: Json | undefined, path: BodyPath): string {
  return typeof value === 'string' ? value : fail(path, 'a string')
}

/** Null and absent are the same everywhere in this API. */
export function optionalNumber(body: JsonObject, name: string): number | null {
  const value = body[name]
  if (value === undefined || value === null) return null
  return typeof value === 'number' && Number.isFinite(value) ? value : fail([name], 'a number')
}

export function optionalCount(body: JsonObject, name: string, most: number): number | null {
  const value = optionalNumber(body, name)
  if (value === null) return null
  return Number.isInteger(value) && value >= 1 && value <= most ? value : fail([name], `a whole number from 1 to ${most}`)
}

export function optionalBoolean(body: JsonObject, name: string): boolean {
  const value = body[name]
  if (value === undefined || value === null) return false
  return typeof value === 'boolean' ? value : fail([name], 'true or false')
}
