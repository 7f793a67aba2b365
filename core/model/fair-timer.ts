// Timers that are fair to the other side: in a process that stood still they fire before what its sockets have brought is read.

/** Calls when everything has been read that had arrived by now. For a timer that is about to say that an answer is late. */
export function onceRead(then: () => void): void {
  setImmediate(() => setImmediate(then))
}
