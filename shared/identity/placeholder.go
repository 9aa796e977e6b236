package identity

import (
	"regexp"
	"sync"
)

// tokenPattern is the form in which a tokenized field is shown where its stand-in is
// marked as one: a prefix, the text and a Reference.
var tokenPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^FPT:.*:[A-Za-z0-9+/]{16}$`) })

// CheckNewValue returns an *Invalid if a field is tokenized and its new value is a placeholder,
// which would take the value's place, so that the value would be lost.
func (i *Identity) CheckNewValue(f Field, text string) error {
	if i.Tokenized(f) == nil || !tokenPattern().MatchString(text) {
		return nil
	}
	return &Invalid{Field: f, Reason: "must be a value, not the text that stood for an earlier one"}
}
