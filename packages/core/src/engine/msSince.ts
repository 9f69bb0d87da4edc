/** The milliseconds since a moment. As if it were for ever ago where the clock was set back meanwhile: nothing is to wait for it to come again. */
export function msSince(moment: number, now: number = Date.now()): number {
  return now < moment ? Infinity : now - moment
}
