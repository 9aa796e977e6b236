package identity_test

import (
	"fmt"
	"testing"
	"time"

	"cedula/shared/identity"
)

func TestParseDate(t *testing.T) {
	tests := []struct {
		in   string
		want string // empty: invalid
	}{
		{"1990-01-15", "1990-01-15"},
		{"1990-01-15T00:00:00Z", "1990-01-15"},
		{"1990-01-15T23:30:00-05:00", "1990-01-15"}, // 16 January in UTC
		{"1990-01-15T00:30:00+05:00", "1990-01-15"}, // 14 January in UTC
		{"1990-01-15T12:00:00.123456789Z", "1990-01-15"},
		{"2024-02-29", "2024-02-29"},
		{"0001-01-01", "0001-01-01"},
		{"9999-12-31", "9999-12-31"},

		{"", ""},
		{"2023-02-29", ""},            // no leap year
		{"1990-13-01", ""},            // month 13
		{"1990-01-32", ""},            // day 32
		{"0000-01-01", ""},            // year 0
		{"1990-1-15", ""},             // one digit of the month
		{" 1990-01-15", ""},           // leading space
		{"1990-01-15T", ""},           // no time
		{"1990-01-15T00:00:00", ""},   // no offset
		{"1990-01-15T00:00:00Zx", ""}, // trailing text
		{"1990-01-15\x00", ""},        // NUL
		{"１９９０-01-15", ""},            // digits outside ASCII
	}
	for _, tt := range tests {
		got, ok := identity.ParseDate(tt.in)
		if got.String() != tt.want || ok != (tt.want != "") {
			t.Errorf("ParseDate(%q) = %q, %v, want %q", tt.in, got, ok, tt.want)
		}
	}
}

func TestMidnight(t *testing.T) {
	if none := (identity.Date{}); !none.IsZero() || !none.Midnight().IsZero() {
		t.Errorf("no date: IsZero() = %v, Midnight() = %v, want true and zero", none.IsZero(), none.Midnight())
	}
	some := identity.Date{Year: 1990, Month: time.January, Day: 15}
	if want := time.Date(1990, 1, 15, 0, 0, 0, 0, time.UTC); some.IsZero() || some.Midnight() != want {
		t.Errorf("Midnight() = %v, want %v", some.Midnight(), want)
	}
}

func TestCheckBirthDate(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for date, want := range map[string]string{
		"": "", "2026-03-04": "", "2026-03-05": "", "1900-01-01": "",
		"2026-03-06": "birthDate must not be in the future", "2099-01-01": "birthDate must not be in the future",
		"1899-12-31": "birthDate must not be before 1900", "0001-01-01": "birthDate must not be before 1900",
	} {
		d, _ := identity.ParseDate(date)
		err := identity.CheckBirthDate(d, now)
		if got := fmt.Sprint(err); err != nil && got != want || err == nil && want != "" {
			t.Errorf("CheckBirthDate(%q) = %v, want %q", date, err, want)
		}
	}
}
