package registry_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"cedula/shared/identity"
)

// TestCreatedIdentityIsReturnedUnchanged: whatever a profile holds, it is refused naming a field,
// or it comes back from Get as it was created.
func TestCreatedIdentityIsReturnedUnchanged(t *testing.T) {
	w := newTestRegistry(t)
	named := make(map[identity.Field]bool)
	for _, tt := range textFields {
		named[tt.field] = true
	}
	var taken, refused int
	rapid.Check(t, func(t *rapid.T) {
		d := draft(profileGenerator().Draw(t, "profile"))
		if rapid.Bool().Draw(t, "anything in one text") {
			anything := rapid.OneOf(rapid.String(), rapid.StringN(60, 300, -1))
			setText(&d.Profile, rapid.SampledFrom(textFields).Draw(t, "where").path, anything.Draw(t, "anything"))
		}
		d.Trusted = rapid.Bool().Draw(t, "trusted")
		d.Status = rapid.SampledFrom([]identity.Status{"", identity.Active, identity.Screening, "x"}).Draw(t, "status")
		w.now = time.Unix(0, rapid.Int64Range(1<<60, 1<<61).Draw(t, "now"))

		created, err := w.Create(ctx, d)
		var invalid *identity.Invalid
		if errors.As(err, &invalid) {
			if refused++; !named[invalid.Field] {
				t.Fatalf("no text is named %q; want named[invalid.Field]", invalid.Field)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		taken++
		found, err := w.Get(ctx, "acme", created.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(created.Identity, found, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("diff = %v, want %v", diff, "")
		}
		d.Profile.Bank, found.Profile.Bank = nil, nil // its id and times are the registry's
		if diff := cmp.Diff(d.Profile, found.Profile, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("diff = %v, want %v", diff, "")
		}
	})
	if taken == 0 || refused == 0 {
		t.Errorf("%d taken, %d refused: the profiles are too much alike; want taken != 0 and refused != 0", taken, refused)
	}
}

// textGenerator is what people write.
func textGenerator() *rapid.Generator[string] {
	return rapid.StringMatching(`[A-Za-zÀ-ÿא-ת一-龥0-9 .,'"\\/<>&+@_-]{0,24}`)
}

func profileGenerator() *rapid.Generator[identity.Profile] {
	return rapid.Custom(func(t *rapid.T) identity.Profile {
		s := func(label string) string { return textGenerator().Draw(t, label) }
		p := identity.Profile{
			Kind:      rapid.SampledFrom([]identity.Kind{"", identity.Individual, identity.Organization, "alien"}).Draw(t, "kind"),
			FirstName: s("first"), LastName: s("last"), OtherNames: s("other"), OrganizationName: s("organization"),
			Nickname: s("nick"), Email: s("email"), Phone: s("phone"), DocumentType: s("type"), DocumentNumber: s("number"),
			IDV: s("idv"), Gender: s("gender"), Nationality: s("nationality"), Category: s("category"), Country: s("country"),
			Address: identity.Address{
				Street: s("street"), StreetNumber: s("street number"), Unit: s("unit"), State: s("state"), City: s("city"),
				District: s("district"), PostalCode: s("postal code"), Country: s("address country"),
			},
			ExternalID: s("external id"),
			Rules:      drawJSON(t, "rules"), ExtendedData: drawJSON(t, "extended data"), Metadata: drawJSON(t, "metadata"),
		}
		if rapid.Bool().Draw(t, "has a birth date") {
			day := time.Unix(rapid.Int64Range(-1<<35, 1<<31).Draw(t, "born"), 0).UTC()
			p.BirthDate = identity.Date{Year: day.Year(), Month: day.Month(), Day: day.Day()}
		}
		flag := func(label string) bool { return rapid.Bool().Draw(t, label) }
		p.Security = identity.SecurityOptions{TwoFactor: flag("2fa"), SignTransactions: flag("sign"), SignAccountOperations: flag("sign account")}
		if flag("has access control") {
			p.Security.AccessControl = &identity.AccessControl{}
			for range rapid.IntRange(0, 3).Draw(t, "scopes") {
				p.Security.AccessControl.Scopes = append(p.Security.AccessControl.Scopes,
					identity.AccessScope{Resource: s("resource"), Reference: s("reference"), Permissions: rapid.SliceOfN(textGenerator(), 0, 3).Draw(t, "permissions")})
			}
		}
		if flag("has a bank account") {
			p.Bank = &identity.BankAccount{
				AccountNumber: s("account"), Nickname: s("account nick"), Bank: s("bank"), Currency: s("currency"), AccountType: s("account type"),
				Holder: s("holder"), HolderDocument: s("holder document"), Country: s("bank country"), ExternalID: s("bank external id"),
			}
		}
		return p
	})
}

// drawJSON is JSON without white space, as the registry writes it.
func drawJSON(t *rapid.T, label string) identity.JSON {
	number := rapid.StringMatching(`-?[1-9][0-9]{0,30}(\.[0-9]{1,20})?`).Draw(t, label)
	return rapid.SampledFrom([]identity.JSON{
		nil, identity.JSON("{}"), identity.JSON("[]"), identity.JSON(number),
		fmt.Appendf(nil, `{"z":%s,"a":[null,true,"ñ\n\"",{"z":%s}]}`, number, number),
	}).Draw(t, label)
}
