// What the fault-injecting upstream does with one request, as data: status, headers, steps of bytes, and how the connection ends.
// Everything a behaviour can be is one of these, so the server itself has no special cases.

/** Bytes to send. `after` is a delay in milliseconds or a promise to wait for, so that a test needs no clock to hold a stream. */
export interface Step {
  readonly bytes: string | Buffer
  readonly after?: number | Promise<unknown>
}

/** `end` closes cleanly, `destroy` cuts the connection, `hang` leaves it open until somebody else closes it. */
export type Ending = 'end' | 'destroy' | 'hang'

export interface Script {
  /** 0: no header is ever sent. */
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly steps: readonly Step[]
  readonly ending: Ending
}

/** One request as it arrived. */
export interface Arrived {
  /** Which protocol the path speaks. */
  readonly protocol: 'openai' | 'anthropic'
  readonly method: string
  readonly path: string
  readonly headers: { readonly [name: string]: string | string[] | undefined }
  readonly body: Buffer
  /** The body parsed, or an empty object if it is no JSON object. */
  readonly json: { readonly [name: string]: unknown }
  readonly model: string
  readonly stream: boolean
}

/** Decides what happens with a request. */
export type Behaviour = (request: Arrived) => Script
