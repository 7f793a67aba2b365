// What is said when a gateway cannot listen, whoever holds its port.

/** A sentence in place of the error for a port that is taken; any other error as it is. */
export function portTaken(error: NodeJS.ErrnoException, port: number, host: string): Error {
  if (error.code !== 'EADDRINUSE') return error
  return new Error(`port ${port} on ${host} is taken; stop the other process, or choose a port with --port or server.port`)
}
