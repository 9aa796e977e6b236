package conomy

import (
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"cedula/shared/identity"
)

// The two values of an identity's type on the wire.
const (
	typeUser         = "USER"
	typeOrganization = "ORGANIZATION"
)

// check applies the rules that only this dialect has: which fields must be
// there, and what an email, a phone, a country and a type look like.
func (c *createRequest) check(strict bool) error {
	for _, f := range []struct {
		name identity.Field
		sent string
	}{
		{"name", c.Name},
		{"email", c.Email},
		{"phone", c.Phone},
		{"documentNumber", c.DocumentNumber},
		{"documentType", c.DocumentType},
		{"idv", c.IDV},
	} {
		if f.sent == "" {
			return &identity.MissingField{Field: f.name}
		}
	}
	if c.Type != "" && c.Type != typeUser && c.Type != typeOrganization {
		return errType
	}
	if err := identity.CheckEmail(c.Email); err != nil {
		return err
	}
	if err := identity.CheckPhone(c.Phone); err != nil {
		return err
	}
	if err := c.checkFormats(); err != nil {
		return err
	}
	return c.checkReferenceData(strict)
}

func (c *createRequest) checkFormats() error {
	if c.Country != "" && !isAlpha3(c.Country) {
		return errCountry
	}
	if identity.NormalizeDocument(c.DocumentNumber) == "" {
		return &identity.Invalid{Field: "documentNumber", Reason: "must hold letters or digits"}
	}
	if _, ok := identity.ParseDate(c.BirthDate); c.BirthDate != "" && !ok {
		return errBirthDate
	}
	if err := checkChildren(c.Children); err != nil {
		return err
	}
	if err := c.SecurityOptions.AccessControl.check(accessControlPath); err != nil {
		return err
	}
	if b := c.BankAccount.bankAccount(); b != nil {
		return checkBankAccount("bankAccount.", b)
	}
	return nil
}

// checkBankAccount asks for what Conomy needs of an account. The prefix is where the
// account stands in the body.
func checkBankAccount(prefix string, b *identity.BankAccount) error {
	return requireFields(prefix, "accountNumber", b.AccountNumber, "bank", b.Bank, "currency", b.Currency,
		"accountHolder", b.Holder, "accountHolderDni", b.HolderDocument, "country", b.Country)
}

var (
	errType      = &identity.Invalid{Field: "type", Reason: "must be USER or ORGANIZATION"}
	errCountry   = &identity.Invalid{Field: "country", Reason: "must be three capital letters of ISO 3166-1, such as CHL"}
	errBirthDate = &identity.Invalid{Field: "birthDate", Reason: "must be a date such as 1990-01-15"}
)

// checkChildren asks for an id only: name and email, which Conomy wants as
// well, are read from the child itself.
func checkChildren(children []childRequest) error {
	for i, child := range children {
		if err := requireFields(fmt.Sprintf("children.%d.", i), "id", child.ID); err != nil {
			return err
		}
	}
	return nil
}

const accessControlPath = "securityOptions.accessControl."

// check asks for what a scope needs. The prefix is where the scopes stand in
// the body.
func (a *accessControlJSON) check(prefix string) error {
	if a == nil {
		return nil
	}
	if prefix != "" {
		prefix += "scopes."
	}
	if a.Scopes == nil {
		return &identity.MissingField{Field: accessControlPath + "scopes"}
	}
	for i, s := range a.Scopes {
		path := fmt.Sprintf("%s%d.", prefix, i)
		if err := requireFields(path, "resource", s.Resource, "reference", s.Reference); err != nil {
			return err
		}
		if s.Permissions == nil {
			return &identity.MissingField{Field: identity.Field(path + "permissions")}
		}
	}
	return nil
}

// requireFields takes names and values in turn and returns a *Missing for the first
// empty value.
func requireFields(path string, namesAndValues ...string) error {
	for i := 0; i < len(namesAndValues); i += 2 {
		if namesAndValues[i+1] == "" {
			return &identity.MissingField{Field: identity.Field(path + namesAndValues[i])}
		}
	}
	return nil
}

func isAlpha3(s string) bool {
	for i := range len(s) {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	return len(s) == 3
}

// generateID makes an id in the form of Conomy's own: 24 hex digits of which the
// first 8 are the Unix second of creation, the other 16 random.
func generateID(now time.Time, random io.Reader) (string, error) {
	var id [12]byte
	seconds := uint32(now.Unix())
	id[0], id[1], id[2], id[3] = byte(seconds>>24), byte(seconds>>16), byte(seconds>>8), byte(seconds)
	if _, err := io.ReadFull(random, id[4:]); err != nil {
		return "", fmt.Errorf("mint id: %w", err)
	}
	return hex.EncodeToString(id[:]), nil
}
