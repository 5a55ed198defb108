const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const LONG_DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** An IMF-fixdate (RFC 9110, 5.6.7), of whole seconds since the epoch. */
export function formatHttpDate(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toUTCString();
}

const IMF_FIXDATE =
  /^(?<day>[A-Z][a-z]{2}), (?<date>\d{2}) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) (?<time>\d{2}:\d{2}:\d{2}) GMT$/;
const RFC850_DATE =
  /^(?<day>[A-Z][a-z]+day), (?<date>\d{2})-(?<month>[A-Z][a-z]{2})-(?<year>\d{2}) (?<time>\d{2}:\d{2}:\d{2}) GMT$/;
const ASCTIME_DATE =
  /^(?<day>[A-Z][a-z]{2}) (?<month>[A-Z][a-z]{2}) (?<date>[ \d]\d) (?<time>\d{2}:\d{2}:\d{2}) (?<year>\d{4})$/;

/**
 * Reads the three date forms of RFC 9110, 5.6.7, as whole seconds since the epoch; `null` for anything else, which the
 * RFC lets a recipient ignore. `Date.parse` is not used: it takes far more than HTTP allows. The day's name is checked
 * to be one, not to be the right one.
 */
export function parseHttpDate(text: string, nowEpochSeconds: number): number | null {
  const groups = (IMF_FIXDATE.exec(text) ?? RFC850_DATE.exec(text) ?? ASCTIME_DATE.exec(text))?.groups;
  if (groups === undefined) return null;
  const { day = '', date = '', month = '', year = '', time = '' } = groups;
  const monthIndex = MONTHS.indexOf(month);
  if (monthIndex < 0 || !(DAYS.includes(day) || LONG_DAYS.includes(day))) return null;
  const [hour = 0, minute = 0, second = 0] = time.split(':').map(Number);
  // RFC 9110 allows :60, a leap second; the epoch has none, so it falls on the next second.
  if (hour > 23 || minute > 59 || second > 60) return null;
  const fullYear = year.length === 2 ? nearestYear(Number(year), nowEpochSeconds) : Number(year);
  const midnight = new Date(0);
  midnight.setUTCFullYear(fullYear, monthIndex, Number(date));
  if (midnight.getUTCMonth() !== monthIndex || midnight.getUTCDate() !== Number(date)) return null;
  return midnight.getTime() / 1000 + hour * 3600 + minute * 60 + second;
}

/** RFC 9110, 5.6.7: a two-digit year more than 50 years in the future is the most recent past year with these digits. */
function nearestYear(twoDigits: number, nowEpochSeconds: number): number {
  const thisYear = new Date(nowEpochSeconds * 1000).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + twoDigits;
  return year > thisYear + 50 ? year - 100 : year;
}
