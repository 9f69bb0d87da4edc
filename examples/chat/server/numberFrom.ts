/**
 * A number from the environment.
 * @throws RangeError that says what is wrong with it
 */
export function numberFrom(name: string, { otherwise, min, max }: { otherwise: number; min: number; max: number }): number {
  const text = process.env[name]
  if (text === undefined || text === '') return otherwise
  const value = Number(text)
  if (value >= min && value <= max) return value
  throw new RangeError(`${name} is "${text}", and it has to be a number from ${min} to ${max}.`)
}
