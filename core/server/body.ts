// Reads a request body with a bound that is checked while reading, so that no client can make the gateway hold more.
import { GatewayError } from '../errors/gateway-error.ts'
import type { IncomingMessage } from 'node:http'

export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | GatewayError> | GatewayError {
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    return new GatewayError('invalid_request', {
      message: `The content encoding "${encoding}" is not supported.`,
      resolution: 'Send the body uncompressed.',
      param: 'content-encoding',
    })
  }
  const transfer = request.headers['transfer-encoding']
  if (transfer !== undefined && transfer.toLowerCase() !== 'chunked') {
    return new GatewayError('invalid_request', {
      message: `The transfer encoding "${transfer}" is not supported.`,
      resolution: 'Send the body uncompressed.',
      param: 'transfer-encoding',
    })
  }
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return tooLarge(maxBytes)
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > maxBytes) {
        request.pause()
        request.removeAllListeners('data')
        resolve(tooLarge(maxBytes))
        return
      }
      chunks.push(chunk)
    })
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
    request.on('error', () => resolve(new GatewayError('invalid_request', { message: 'The body ended before its announced length.' })))
    request.on('aborted', () => resolve(new GatewayError('invalid_request', { message: 'The body ended before its announced length.' })))
  })
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError('body_too_large', { message: `The request body is larger than ${maxBytes} bytes.` })
}
