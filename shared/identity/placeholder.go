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

// CheckPlaceholders returns an *Invalid if a tokenized field has a new value since before that is
// a placeholder: it would take the value's place, so that the value would be lost.
func (i *Identity) CheckPlaceholders(before *Identity) error {
	for _, encrypted := range before.EncryptedFields {
		text := *i.StringField(encrypted.Field)
		if text == *before.StringField(encrypted.Field) {
			continue
		}
		if err := i.CheckNewValue(encrypted.Field, text); err != nil {
			return err
		}
	}
	return nil
}
