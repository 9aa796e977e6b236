package identity

import (
	"fmt"
	"unicode"
	"unicode/utf8"

	"cedula/shared/visible"
)

// Validate returns an *Invalid for the first string that is too long or contains forbidden
// characters, and for a list longer than MaxListLength; ErrTooLarge if the JSON values are too large.
func (p *Profile) Validate() error {
	for _, f := range stringFields {
		if err := checkText(f.field, *f.at(p), f.max); err != nil {
			return err
		}
	}
	if err := p.checkLists(); err != nil {
		return err
	}
	if len(p.Rules)+len(p.ExtendedData)+len(p.Metadata) > MaxJSONBytes {
		return ErrTooLarge
	}
	return nil
}

// checkLists checks the strings of access scopes and the bank account.
func (p *Profile) checkLists() error {
	if err := p.Security.AccessControl.check(); err != nil {
		return err
	}
	if b := p.Bank; b != nil {
		return checkAll(FieldBank, b.AccountNumber, b.Nickname, b.Bank, b.Currency,
			b.AccountType, b.Holder, b.HolderDocument, b.Country, b.ExternalID)
	}
	return nil
}

func (a *AccessControl) check() error {
	if a == nil {
		return nil
	}
	if len(a.Scopes) > MaxListLength {
		return &Invalid{FieldAccessControl, fmt.Sprintf("must hold at most %d scopes", MaxListLength)}
	}
	for _, s := range a.Scopes {
		if len(s.Permissions) > MaxListLength {
			return &Invalid{FieldAccessControl, fmt.Sprintf("must hold at most %d permissions a scope", MaxListLength)}
		}
		if err := checkAll(FieldAccessControl, s.Resource, s.Reference); err != nil {
			return err
		}
		if err := checkAll(FieldAccessControl, s.Permissions...); err != nil {
			return err
		}
	}
	return nil
}

func checkAll(f Field, texts ...string) error {
	for _, t := range texts {
		if err := checkText(f, t, MaxTextLength); err != nil {
			return err
		}
	}
	return nil
}

func checkText(f Field, text string, limit int) error {
	if len(text) > limit && utf8.RuneCountInString(text) > limit {
		return &Invalid{f, fmt.Sprintf("must have at most %d characters", limit)}
	}
	for _, c := range text {
		if reason := forbidden(c); reason != "" {
			return &Invalid{f, reason}
		}
	}
	return nil
}

// forbidden returns why a character is not allowed, or "". Control characters break logs and terminals;
// bidirectional overrides and isolates can make a name look like another one (Unicode TR 36, section 3.2).
func forbidden(c rune) string {
	if c < ' ' || (c >= 0x7f && c <= 0x9f) || c == '\u2028' || c == '\u2029' {
		return "must not contain control characters"
	}
	if c >= '\u202a' && c <= '\u202e' || c >= '\u2066' && c <= '\u2069' {
		return "must not contain bidirectional control characters"
	}
	if c == unicode.ReplacementChar {
		return "must be valid Unicode text"
	}
	return ""
}

// requireText checks a string that must not be empty or blank.
func requireText(f Field, text string) error {
	if !visible.Text(text) {
		return &MissingField{f}
	}
	return checkText(f, text, MaxTextLength)
}
