// Who may use the control plane: the bootstrap token, the administrators of the configuration, then whom plugins prove (OpenID). Failed attempts are slowed.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { FailedLogins } from '../../model/failed-logins.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { NOT_MINE, type AdminIdentity } from '../../plugin/contract.ts'
import { runHook } from '../../plugin/run.ts'
import { sendError } from '../hot.ts'
import type { Gateway } from '../gateway.ts'

/** Enough of a secret to tell attempts apart, and too little to be of use. */
const PREFIX_CHARS = 14
/** A login is an event once per person and address in this time, and not at each request. */
const LOGIN_MS = 15 * 60_000
const MAX_LOGINS = 1000

/** Lets administrators through, with `response.locals.actor` (their id), `role` and `ip`; answers everybody else. */
export function requireAdmin(gateway: Gateway): RequestHandler {
  const monotonic = (): number => gateway.kernel.clock.monotonic()
  const failures = new FailedLogins(monotonic)
  const logins = new RecentLogins(monotonic)
  return async (request: Request, response: Response, next: NextFunction) => {
    const secret = /^bearer (.+)$/i.exec(request.get('authorization') ?? '')?.[1]?.trim() ?? ''
    const ip = gateway.clientIp(request)
    const prefix = beginningOf(secret)
    const waitMs = failures.waitMs(ip, prefix)
    if (waitMs > 0) return refuse(response, tooOften(waitMs))
    const who = secret === '' ? noToken() : await identify(gateway, request, secret)
    if (who instanceof GatewayError) {
      const addressWaitMs = failures.addressWaitMs(ip)
      const isGuess = secret !== '' && who.code === 'invalid_api_key'
      if (isGuess && isPowerOfTwo(failures.failed(ip, prefix))) await noteLogin(gateway, 'unknown', ip, 'refused')
      return refuse(response, addressWaitMs > 0 ? tooOften(addressWaitMs) : who)
    }
    failures.succeeded(ip, prefix)
    if (logins.isNew(`${who.id} ${ip}`)) await noteLogin(gateway, who.id, ip, 'ok')
    response.locals.actor = who.id
    response.locals.role = who.role
    response.locals.ip = ip
    next()
  }
}

/** Refuses whoever has none of the roles. An owner may do everything. */
export function requireRole(...roles: readonly AdminIdentity['role'][]): RequestHandler {
  return (_request, response, next) => {
    const role = response.locals.role as AdminIdentity['role']
    if (role === 'owner' || roles.includes(role)) return next()
    const needed = ['owner', ...roles].join(' or ')
    const message = `The role ${role} may not do this; it needs the role ${needed}.`
    refuse(response, new GatewayError('scope_missing', { message, resolution: 'Ask an owner to do it, or for the role.' }))
  }
}

/** Whoever may only read is stopped at the door. */
export const changesNeedOperator: RequestHandler = (request, response, next) =>
  request.method === 'GET' || request.method === 'HEAD' ? next() : requireRole('operator')(request, response, next)

async function identify(gateway: Gateway, request: Request, secret: string): Promise<AdminIdentity | GatewayError> {
  const hash = sha256(secret)
  if (timingSafeEqual(hash, sha256(gateway.options.adminToken.current()))) return { id: 'bootstrap', role: 'owner' }
  const admin = gateway.current.loaded.admins.find((candidate) => {
    const stored = Buffer.from(candidate.hash, 'hex')
    return stored.length === hash.length && timingSafeEqual(hash, stored)
  })
  if (admin) return { id: admin.id, role: admin.role as AdminIdentity['role'] }
  return askPlugins(gateway, request, secret)
}

async function askPlugins(gateway: Gateway, request: Request, secret: string): Promise<AdminIdentity | GatewayError> {
  const credentials = { secret, scope: null, clientIp: gateway.clientIp(request), header: (name: string) => request.get(name) ?? null }
  for (const hook of gateway.current.plugins.identifyAdmin) {
    const who = await runHook(hook, NO_LEDGER, NOT_MINE, () => hook.call(credentials))
    if (who !== NOT_MINE) return who
  }
  return noToken()
}

const NO_LEDGER = { addTime() {}, skipped() {} }

/** What was proved within the last quarter of an hour. */
class RecentLogins {
  readonly #now: () => number
  readonly #known = new Map<string, number>()

  constructor(now: () => number) {
    this.#now = now
  }

  isNew(name: string): boolean {
    const now = this.#now()
    const last = this.#known.get(name)
    if (last !== undefined && now - last < LOGIN_MS) return false
    this.#known.delete(name)
    if (this.#known.size >= MAX_LOGINS) this.#known.delete(this.#known.keys().next().value!)
    this.#known.set(name, now)
    return true
  }
}

function noteLogin({ kernel }: Gateway, actor: string, ip: string, result: string): Promise<void> {
  return kernel.record
    .adminEvent({ ts: kernel.clock.now(), tenant: '', actor, ip, action: 'login', target: 'admin', before: '', after: '', result })
    .catch((error: unknown) => kernel.log.error({ err: error }, 'a login could not be recorded'))
}

function noToken(): GatewayError {
  return new GatewayError('invalid_api_key', {
    message: 'The admin token is missing or unknown.',
    resolution: 'Send the admin token as `Authorization: Bearer TOKEN`.',
  })
}

function tooOften(waitMs: number): GatewayError {
  const seconds = Math.ceil(waitMs / 1000)
  return new GatewayError('rate_limited', {
    message: `Too many failed logins from here; the next try counts in ${seconds} s.`,
    resolution: 'Wait as long as `retry-after` says, and look up the token.',
    retryAfterSeconds: seconds,
  })
}

function refuse(response: Response, error: GatewayError): void {
  sendError(response, { dialect: 'openai-chat' }, error)
}

/** Tokens of identity providers all begin alike: one that failed must not slow whoever shows another from the same address. */
function beginningOf(secret: string): string {
  return (secret.startsWith('eyJ') ? sha256(secret).toString('base64url') : secret).slice(0, PREFIX_CHARS)
}

const isPowerOfTwo = (count: number): boolean => (count & (count - 1)) === 0

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
