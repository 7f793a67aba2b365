// Proves a token: who issued it, for whom, until when, and that its signature is of a key of that issuer. A proved one is remembered for a minute at most.
import { decodeJwt, errors, jwtVerify, type JWTPayload } from 'jose'
import { GatewayError, type Clock, type Host, type State } from '../../core/plugin/index.ts'
import { KeySet, KeysUnavailable } from './key-sets.ts'
import type { Issuer, JwtSettings } from './settings.ts'

/** What was proved. */
export interface Proved {
  readonly issuer: Issuer
  readonly claims: JWTPayload
}

/** Longer ones are no tokens of people; proving costs their length. */
const MAX_CHARS = 16_384
const REMEMBER_MS = 60_000
const MAX_REMEMBERED = 10_000
const FORM = /^eyJ[\w-]+\.[\w-]+\.[\w-]*$/

interface Memory {
  readonly proved: Proved
  /** Unix ms. */
  readonly until: number
}

/** The keys of issuers outlive a reload, which may fall into a moment when one of them is away. */
const keysOf = new WeakMap<State, Map<string, KeySet>>()

export class TokenVerifier {
  readonly #clock: Clock
  readonly #issuers: ReadonlyMap<string, { readonly issuer: Issuer; readonly keys: KeySet }>
  readonly #memory = new Map<string, Memory>()

  constructor({ issuers }: JwtSettings, { clock, state }: Pick<Host, 'clock' | 'state'>) {
    const known = keysOf.get(state) ?? new Map<string, KeySet>()
    keysOf.set(state, known)
    this.#clock = clock
    this.#issuers = new Map(issuers.map((issuer) => [issuer.issuer, { issuer, keys: keysFor(issuer, known, clock) }]))
  }

  /** Null: not a token of an issuer that is configured here. Synchronous for a token that was proved a moment ago. */
  prove(token: string): Proved | null | Promise<Proved | GatewayError> {
    const known = this.#memory.get(token)
    if (known && this.#clock.now() < known.until) return known.proved
    const from = token.length <= MAX_CHARS && FORM.test(token) ? this.#issuers.get(issuerOf(token) ?? '') : undefined
    return from ? this.#verify(token, from.issuer, from.keys) : null
  }

  async #verify(token: string, issuer: Issuer, keys: KeySet): Promise<Proved | GatewayError> {
    try {
      const { payload } = await jwtVerify(token, keys.find, {
        issuer: issuer.issuer,
        audience: [...issuer.audience],
        algorithms: [...issuer.algorithms],
        clockTolerance: issuer.clockToleranceSeconds,
        requiredClaims: ['exp'],
        currentDate: new Date(this.#clock.now()),
      })
      const proved = { issuer, claims: payload }
      this.#remember(token, proved)
      return proved
    } catch (error) {
      return refusalOf(error, issuer)
    }
  }

  #remember(token: string, proved: Proved): void {
    this.#memory.delete(token)
    if (this.#memory.size >= MAX_REMEMBERED) this.#memory.delete(this.#memory.keys().next().value!)
    const expires = (proved.claims.exp! + proved.issuer.clockToleranceSeconds) * 1000
    this.#memory.set(token, { proved, until: Math.min(expires, this.#clock.now() + REMEMBER_MS) })
  }
}

function keysFor(issuer: Issuer, known: Map<string, KeySet>, clock: Clock): KeySet {
  const name = JSON.stringify([issuer.issuer, issuer.jwksUri])
  const keys = known.get(name) ?? new KeySet(issuer, clock)
  known.set(name, keys)
  return keys
}

function issuerOf(token: string): string | null {
  try {
    return decodeJwt(token).iss ?? null
  } catch {
    return null
  }
}

/** What is wrong with a token is said, since its holder can do something about it; an issuer that cannot be asked is our side's failure. */
function refusalOf(error: unknown, { issuer }: Issuer): GatewayError {
  if (error instanceof KeysUnavailable)
    return new GatewayError('state_unavailable', { message: `The keys of ${issuer} cannot be fetched.`, cause: error })
  return new GatewayError('invalid_api_key', {
    message: `The token is not valid: ${whatIsWrong(error)}.`,
    resolution: 'Get a new token from the issuer.',
    cause: error,
  })
}

function whatIsWrong(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'it has expired'
  if (error instanceof errors.JWTClaimValidationFailed) return `its claim "${error.claim}" is not accepted here`
  if (error instanceof errors.JOSEAlgNotAllowed) return 'its algorithm is not accepted here'
  return 'its signature is not of a key of its issuer'
}
