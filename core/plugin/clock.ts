// Time as plugins and the kernel see it; tests bring their own.
import { onceRead } from '../model/fair-timer.ts'
import type { Clock } from './contract.ts'

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  // Most who set a timer say then that somebody is late. In a process that stood still, the answer may have been here for long.
  after(ms, callback) {
    let isWanted = true
    const timer = setTimeout(() => onceRead(() => isWanted && callback()), ms)
    timer.unref()
    return () => {
      isWanted = false
      clearTimeout(timer)
    }
  },
}
