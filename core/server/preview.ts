// `POST /admin/v1/policies/preview`: what would be found in a text or a request, and what would be decided. It dispatches nothing, and what
// it is sent is neither recorded nor logged.
import { Router, type Request } from 'express'
import { bindPolicies, type BoundPolicies } from '../policy/bind.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { givenFrom, GivenError } from '../policy/given.ts'
import { PolicyError } from '../policy/load.ts'
import { preview, type Preview, type Previewed } from '../pipeline/preview.ts'
import { readBody } from './body.ts'
import { sendError } from './hot.ts'
import { wireFor } from '../wire/index.ts'
import type { Gateway } from './gateway.ts'
import type { JsonObject } from '../model/value.ts'
import type { Snapshot } from '../pipeline/snapshot.ts'

const MAX_BODY_BYTES = 4 * 1024 * 1024
/** Policies to try; a person writes less. */
const MAX_POLICY_CHARS = 256 * 1024
/** Of JSON; a request within may have 64. What goes deeper would end in the stack of whoever walks it. */
const MAX_DEPTH = 70
const SCAN = { scanDeadlineMs: 5000, scanWorkers: 1 }
const MEMBERS = new Set(['text', 'request', 'answer', 'given', 'policies'])

interface Asked {
  readonly previewed: Previewed
  readonly given: JsonObject
  readonly policies: string | null
}

export function previewRouter(gateway: Gateway): Router {
  const router = Router()
  let queue: Promise<unknown> = Promise.resolve()
  /** Compiling costs a thread, so one set is tried at a time. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = queue.then(work)
    queue = done.catch(() => {})
    return done
  }
  router.post('/', async (request, response) => {
    const asked = await readAsked(request)
    const answer =
      asked instanceof GatewayError
        ? asked
        : await (asked.policies === null ? previewRunning(gateway, asked) : inTurn(() => previewTried(gateway, asked)))
    if (answer instanceof GatewayError) sendError(response, { dialect: 'openai-chat' }, answer)
    else response.json({ object: 'sallyport.preview', ...answer })
  })
  return router
}

// ── what is asked ────────────────────────────────────────────────────────────────────────────────────────────────────

async function readAsked(request: Request): Promise<Asked | GatewayError> {
  const bytes = await readBody(request, MAX_BODY_BYTES)
  if (bytes instanceof GatewayError) return bytes
  const body = parseOrNull(bytes)
  if (body === null) return bad('The body must be a JSON object with `text` or `request`.', null)
  if (!isShallow(body, MAX_DEPTH)) return bad(`The body nests deeper than ${MAX_DEPTH} levels.`, null)
  const unknown = Object.keys(body).find((name) => !MEMBERS.has(name))
  if (unknown !== undefined) return bad(`\`${unknown}\` is unknown; there are ${[...MEMBERS].join(', ')}.`, unknown)
  if ((body.text === undefined) === (body.request === undefined)) return bad('Send either `text` or `request`.', null)
  const { given = {}, policies = null, answer = null } = body
  if (answer !== null && typeof answer !== 'string') return bad('`answer` must be a string.', 'answer')
  if (!isObject(given)) return bad('`given` must be an object of attributes and their values.', 'given')
  if (policies !== null && typeof policies !== 'string') return bad('`policies` must be the text of a policy file.', 'policies')
  if (policies !== null && policies.length > MAX_POLICY_CHARS)
    return bad(`\`policies\` is longer than ${MAX_POLICY_CHARS} characters.`, 'policies')
  const previewed = readPreviewed(body)
  return previewed instanceof GatewayError ? previewed : { previewed: { ...previewed, answer }, given, policies }
}

function readPreviewed(body: JsonObject): Previewed | GatewayError {
  if (body.text !== undefined) return typeof body.text === 'string' ? { text: body.text } : bad('`text` must be a string.', 'text')
  const request = wireFor('openai-chat').parse(Buffer.from(JSON.stringify(body.request)))
  if (!(request instanceof GatewayError)) return { request }
  return bad(request.message, request.param === null ? 'request' : `request.${request.param}`)
}

/** The parser's own words may quote the body. */
function parseOrNull(bytes: Buffer): JsonObject | null {
  try {
    const body: unknown = JSON.parse(bytes.toString())
    return isObject(body) ? body : null
  } catch {
    return null
  }
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return levels > 0 && Object.values(value).every((member) => isShallow(member, levels - 1))
}

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)

function bad(message: string, param: string | null): GatewayError {
  return new GatewayError('invalid_request', param === null ? { message } : { message, param })
}

// ── what is answered ─────────────────────────────────────────────────────────────────────────────────────────────────

type Answer = Preview & { readonly policy_hash: string }

async function previewRunning({ current }: Gateway, asked: Asked): Promise<Answer | GatewayError> {
  // A reload meanwhile must not close what scans.
  current.enter()
  try {
    return await answer(current.bound, asked)
  } finally {
    current.leave()
  }
}

/** Instead of the running policies; the standard detectors are there to be imported. */
async function previewTried(gateway: Gateway, asked: Asked): Promise<Answer | GatewayError> {
  const bound = await bindTried(gateway, gateway.current, asked.policies!)
  if (bound instanceof GatewayError) return bound
  try {
    return await answer(bound, asked)
  } finally {
    await bound.detection.close()
  }
}

async function bindTried({ options }: Gateway, { bound, loaded }: Snapshot, text: string): Promise<BoundPolicies | GatewayError> {
  const { pluginPaths, plugins } = loaded.config
  try {
    const sources = { paths: [], texts: [{ path: 'preview.policy', text }], baseDir: loaded.baseDir, pluginPaths, plugins }
    const { bundle } = await options.compileAside(sources)
    return bindPolicies(bundle, bound.words, SCAN)
  } catch (error) {
    if (error instanceof PolicyError) return bad(`The policies do not check:\n${error.message}`, 'policies')
    throw error
  }
}

async function answer(bound: BoundPolicies, { previewed, given }: Asked): Promise<Answer | GatewayError> {
  const { bundle, hash } = bound.program
  try {
    const values = givenFrom(given, { words: bound.words, bundle })
    return { ...(await preview(bound, previewed, values)), policy_hash: hash }
  } catch (error) {
    if (error instanceof GivenError) return bad(`given: ${error.message}${error.message.endsWith('?') ? '' : '.'}`, 'given')
    throw error
  }
}
