package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

var errNoDuration = errors.New("want a duration such as 90m, 12h or 7d, not negative, with at most 65535 whole days")

// duration is a flag value that also accepts days: 7d, 1d12h. A day has 24 hours.
type duration time.Duration

// Set implements pflag.Value.
func (d *duration) Set(text string) error {
	days, rest, hasDays := strings.Cut(text, "d")
	if !hasDays {
		days, rest = "0", text
	} else if rest == "" {
		rest = "0"
	}
	n, err := strconv.ParseUint(days, 10, 16)
	if err != nil {
		return errNoDuration
	}
	part, err := time.ParseDuration(rest)
	total := time.Duration(n)*day + part
	if err != nil || total < part {
		return errNoDuration
	}
	*d = duration(total)
	return nil
}

// String implements pflag.Value.
func (d *duration) String() string {
	t := time.Duration(*d)
	if t == 0 {
		return "0"
	}
	if t%day == 0 {
		return fmt.Sprintf("%dd", t/day)
	}
	return strings.TrimSuffix(strings.TrimSuffix(t.String(), "0s"), "0m")
}

// Type implements pflag.Value.
func (d *duration) Type() string { return "duration" }
