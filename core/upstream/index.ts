// The door of the room: what the pipeline and the server need to send exchanges upstream.
export { breakerKey, createUpstream, type CreateUpstreamOptions } from './attempts.ts'
export { createHttpTransport, type HttpTransport, type HttpTransportOptions } from './transport.ts'
export type * from './port.ts'
