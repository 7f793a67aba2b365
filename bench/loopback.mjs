// Preloaded into servers that offer no setting for it: whatever listens, listens on the loopback interface only.
import { Server } from 'node:net'

const listen = Server.prototype.listen
Server.prototype.listen = function listenOnLoopback(...args) {
  const callback = args.findLast((arg) => typeof arg === 'function')
  const options = typeof args[0] === 'object' && args[0] !== null ? args[0] : { port: Number(args[0]) }
  return listen.call(this, { ...options, host: '127.0.0.1' }, callback)
}
