// Civil time: what a clock on the wall shows in some place, as the seconds since 1970 that it would be in UTC. Whole numbers, no zones
// and no leap seconds; the same on every node.

export type CivilSeconds = number

const daySeconds = 86_400

/** `2026-11-23T03:00:00`. For the years 0 to 9999. */
export function civilText(at: CivilSeconds): string {
  const day = Math.floor(at / daySeconds)
  const second = at - day * daySeconds
  const [year, month, date] = dateOf(day)
  const clock = [Math.floor(second / 3600), Math.floor(second / 60) % 60, second % 60].map((part) => padded(part, 2)).join(':')
  return `${padded(year, 4)}-${padded(month, 2)}-${padded(date, 2)}T${clock}`
}

/** Howard Hinnant's `civil_from_days`: years begin in March, so that the leap day is the last one. */
function dateOf(day: number): [number, number, number] {
  const shifted = day + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  return [yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1]
}

function padded(value: number, digits: number): string {
  return String(value).padStart(digits, '0')
}
