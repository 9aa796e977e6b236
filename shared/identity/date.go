package identity

import "time"

// Date is a day of the calendar, without time or zone. The zero value means
// that no date is known.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// ParseDate reads the full-date of RFC 3339, section 5.6 ("1990-01-15"), and
// takes the date part of a date-time as it is written, whatever its offset:
// a birthday does not move with the time zone of the one who types it.
func ParseDate(s string) (Date, bool) {
	if s == "" { // the usual case: time.Parse would make two errors of it
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

// IsZero reports whether no date is known.
func (d Date) IsZero() bool { return d == Date{} }

// String is the date as "1990-01-15", or the empty string for no date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return d.Midnight().Format(time.DateOnly)
}

// Midnight is the beginning of the day in UTC. For no date it is the zero time.
func (d Date) Midnight() time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}
