package identity

import (
	"regexp"
	"sync"
)

// tokenPattern matches a placeholder as the Blnk API shows it: a prefix, the placeholder and a
// TokenID.
var tokenPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^FPT:.*:[A-Za-z0-9+/]{16}$`) })

// CheckNewValue returns an *Invalid if a field is tokenized and its new value is a placeholder, which would
// overwrite the value.
func (i *Identity) CheckNewValue(f Field, text string) error {
	if i.Tokenized(f) == nil || !tokenPattern().MatchString(text) {
		return nil
	}
	return &Invalid{Field: f, Reason: "must be a value, not a placeholder"}
}

// CheckPlaceholders returns an *Invalid if the new value of a tokenized field is a placeholder, which would
// overwrite the value.
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
