package visible_test

import (
	"testing"

	"cedula/shared/visible"
)

func TestText(t *testing.T) {
	for _, s := range []string{"a", " a ", "0", "-", "例", "\u200bé", "😀", "\u00ad-"} {
		if !visible.Text(s) {
			t.Errorf("Text(%q) = false, want true", s)
		}
	}
	for _, s := range []string{
		"", " ", "\t\n", "\u00a0", "\u2003\u3000", "\u200b", "\u200d\u200c", "\ufeff", "\u00ad", "\u2060", "\u180e", "\x00\x1f", "\u0085",
		"\u3164", "\u115f\u1160", "\uffa0", "\u034f", "\ufe0f", "\U000e0100", "\U000e0020", "\u2800", "\u2028",
	} {
		if visible.Text(s) {
			t.Errorf("Text(%q) = true, want false", s)
		}
	}
}
