// Takes the credential that we sent out of what a provider says in return. Patterns catch keys of the usual look; this one knows the key.
import type { UpstreamFailure } from '../model/answer.ts'

const MARK = '[credential]'
/** Shorter ones are placeholders of servers that need no key; searching for them would only mangle the message. */
const MIN_CHARS = 6
/** A beginning of the credential at the end of a text that was cut off there; fewer characters give nothing away. */
const MIN_PREFIX = 4

export interface Redactor {
  /** The text without the credential: as it is, percent-encoded, in base64, and cut off at the end. */
  text(text: string): string
  failure(failure: UpstreamFailure): UpstreamFailure
}

const UNCHANGED: Redactor = { text: (text) => text, failure: (failure) => failure }

export function redactorFor(credential: string | null): Redactor {
  if (credential === null || credential.length < MIN_CHARS) return UNCHANGED
  const text = (source: string): string =>
    withoutEnd(
      formsOf(credential).reduce((rest, form) => rest.replaceAll(form, MARK), source),
      credential,
    )
  return {
    text,
    failure: (failure) => ({
      ...failure,
      message: text(failure.message),
      upstreamRequestId: failure.upstreamRequestId === null ? null : text(failure.upstreamRequestId),
    }),
  }
}

function formsOf(credential: string): readonly string[] {
  const base64 = Buffer.from(credential).toString('base64').replace(/=+$/, '')
  return [credential, encodeURIComponent(credential.toWellFormed()), base64]
}

function withoutEnd(text: string, credential: string): string {
  for (let length = Math.min(credential.length - 1, text.length); length >= MIN_PREFIX; length--) {
    if (text.endsWith(credential.slice(0, length))) return text.slice(0, -length) + MARK
  }
  return text
}
