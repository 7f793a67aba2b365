// The public keys of issuers: fetched when first needed, kept, and fetched again when a token names a key that is not among them.
import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose'
import type { Issuer } from './settings.ts'

/** Between two looks for a key that is not there: forged key ids must not become requests to the issuer. */
const COOL_DOWN_MS = 10_000
const KEEP_MS = 10 * 60_000
const TIMEOUT_MS = 2000
const MAX_DOCUMENT_BYTES = 512 * 1024

/** The keys cannot be had: the issuer's fault or the network's, never the caller's. */
export class KeysUnavailable extends Error {}

export interface KeySet {
  readonly find: JWTVerifyGetKey
}

/** Resolves key ids of one issuer. Rejects with KeysUnavailable when neither the document nor the keys can be fetched. */
export function keySetOf({ issuer, jwksUri }: Issuer): KeySet {
  let opening: Promise<JWTVerifyGetKey> | null = null
  const open = async (): Promise<JWTVerifyGetKey> => {
    const url = new URL(jwksUri ?? (await discover(issuer)))
    return createRemoteJWKSet(url, {
      timeoutDuration: TIMEOUT_MS,
      cooldownDuration: COOL_DOWN_MS,
      cacheMaxAge: KEEP_MS,
      [customFetch]: fetchDocument,
    })
  }
  const keys = (): Promise<JWTVerifyGetKey> =>
    (opening ??= open().catch((error: unknown) => {
      opening = null
      throw error
    }))
  return { find: async (header, token) => (await keys())(header, token) }
}

/** OpenID Connect Discovery 1.0, section 4. */
async function discover(issuer: string): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const response = await fetchDocument(url, {
    headers: new Headers(),
    method: 'GET',
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  const { issuer: named, jwks_uri: found } = (await response.json()) as { issuer?: unknown; jwks_uri?: unknown }
  if (named !== issuer) throw new KeysUnavailable(`${url} is of another issuer: ${String(named)}`)
  if (typeof found !== 'string' || !/^https?:\/\//.test(found)) throw new KeysUnavailable(`${url} names no jwks_uri`)
  return found
}

type Options = Parameters<NonNullable<NonNullable<Parameters<typeof createRemoteJWKSet>[1]>[typeof customFetch]>>[1]

/** No redirects (the configuration says where keys come from), no document without end, and none that is not JSON: all of it is not the caller's fault. */
async function fetchDocument(url: string, options: Options): Promise<Response> {
  try {
    return new Response(await readJson(url, await fetch(url, options)), { status: 200 })
  } catch (error) {
    if (error instanceof KeysUnavailable) throw error
    throw new KeysUnavailable(`${url} cannot be read`, { cause: error })
  }
}

async function readJson(url: string, response: Response): Promise<string> {
  if (response.status !== 200) throw new KeysUnavailable(`${url} answered ${response.status}`)
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > MAX_DOCUMENT_BYTES) throw new KeysUnavailable(`${url} is larger than ${MAX_DOCUMENT_BYTES} bytes`)
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString('utf8')
  const document: unknown = JSON.parse(text)
  if (typeof document !== 'object' || document === null) throw new KeysUnavailable(`${url} is no JSON object`)
  return text
}
