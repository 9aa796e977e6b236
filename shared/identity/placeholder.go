package identity

import (
	"regexp"
	"sync"
)

// tokenPattern is the form in which a tokenized field is shown where its stand-in is
// marked as one: a prefix, the text and a Reference.
var tokenPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^FPT:.*:[A-Za-z0-9+/]{16}$`) })

// IsPlaceholder tells whether a text is a marked stand-in, which no dialect takes for a
// field's new value.
func IsPlaceholder(text string) bool { return tokenPattern().MatchString(text) }
