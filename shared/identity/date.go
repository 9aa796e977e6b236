package identity

import "time"

// Date is a calendar date without time or zone. The zero value means
// unknown.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// ParseDate parses a full-date of RFC 3339, section 5.6 ("1990-01-15"), or the date of a date-time, whatever its
// offset: a birthday does not depend on the client's time zone.
func ParseDate(s string) (Date, bool) {
	if s == "" { // the usual case: avoids two failing calls of time.Parse
		return Date{}, false
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		t, err = time.Parse(time.RFC3339, s)
	}
	if err != nil || t.Year() < 1 {
		return Date{}, false
	}
	return Date{t.Year(), t.Month(), t.Day()}, true
}

// IsZero reports whether the date is unknown.
func (d Date) IsZero() bool { return d == Date{} }

// String returns the date as "1990-01-15", or "" if it is unknown.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return d.Midnight().Format(time.DateOnly)
}

// Midnight returns the beginning of the day in UTC, or the zero time if the date is unknown.
func (d Date) Midnight() time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}

// earliestBirthYear: no living person was born before it.
const earliestBirthYear = 1900

// CheckBirthDate returns an *Invalid if a birth date makes no sense at a time: a day that has not begun in any time zone, or
// one before earliestBirthYear. It accepts an unknown date.
func CheckBirthDate(d Date, now time.Time) error {
	if d.IsZero() {
		return nil
	}
	const firstZone = 14 * time.Hour
	if d.Midnight().After(now.Add(firstZone)) {
		return &Invalid{FieldBirthDate, "must not be in the future"}
	}
	if d.Year < earliestBirthYear {
		return &Invalid{FieldBirthDate, "must not be before 1900"}
	}
	return nil
}
