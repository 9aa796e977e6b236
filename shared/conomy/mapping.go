package conomy

import (
	"cedula/shared/identity"
	"cedula/shared/strictjson"
)

// How the dialect's names and shapes map onto the core's. What another dialect
// wrote reads like this:
//
//	type      ORGANIZATION for an organization, USER for every other kind
//	name      an organisation's name, a person's first names; the other of the
//	          two if that is empty
//	lastname  the last names
//	country   the country as it was sent, which need not be ISO 3166 there
//	address   administrativeAreaLevel1 is the state, 2 the city, 3 the district
func kindFromType(wire string) identity.Kind {
	if wire == typeOrganization {
		return identity.Organization
	}
	return identity.Individual
}

func typeFromKind(k identity.Kind) string {
	if k == identity.Organization {
		return typeOrganization
	}
	return typeUser
}

func setName(p *identity.Profile, name string) {
	if p.Kind == identity.Organization {
		p.OrganizationName = name
		return
	}
	p.FirstName = name
}

// mergeJSON applies a merge patch; of no value, which null is here, it clears.
func mergeJSON(dst *identity.JSON, isSent bool, patch strictjson.Value) {
	switch {
	case !isSent:
	case len(patch) == 0:
		*dst = nil
	default:
		*dst = identity.JSON(strictjson.MergePatch(strictjson.Value(*dst), patch))
	}
}

func displayName(p *identity.Profile) string {
	first, second := p.FirstName, p.OrganizationName
	if p.Kind == identity.Organization {
		first, second = second, first
	}
	if first != "" {
		return first
	}
	return second
}

type addressJSON struct {
	AdministrativeAreaLevel1 string `json:"administrativeAreaLevel1"`
	AdministrativeAreaLevel2 string `json:"administrativeAreaLevel2"`
	AdministrativeAreaLevel3 string `json:"administrativeAreaLevel3"`
	Street                   string `json:"street"`
	StreetNumber             string `json:"streetNumber"`
	OptionalAddress          string `json:"optionalAddress"`
	Country                  string `json:"country"`
	Zipcode                  string `json:"zipcode"`
}

func (a addressJSON) address() identity.Address {
	return identity.Address{
		Street: a.Street, StreetNumber: a.StreetNumber, Unit: a.OptionalAddress,
		State: a.AdministrativeAreaLevel1, City: a.AdministrativeAreaLevel2, District: a.AdministrativeAreaLevel3,
		PostalCode: a.Zipcode, Country: a.Country,
	}
}

func toAddressJSON(a identity.Address) addressJSON {
	return addressJSON{
		AdministrativeAreaLevel1: a.State, AdministrativeAreaLevel2: a.City, AdministrativeAreaLevel3: a.District,
		Street: a.Street, StreetNumber: a.StreetNumber, OptionalAddress: a.Unit,
		Country: a.Country, Zipcode: a.PostalCode,
	}
}

func (a *accessControlJSON) accessControl() *identity.AccessControl {
	if a == nil {
		return nil
	}
	control := &identity.AccessControl{}
	for _, s := range a.Scopes {
		control.Scopes = append(control.Scopes, identity.AccessScope(s))
	}
	return control
}

func toAccessControlJSON(c *identity.AccessControl) *accessControlJSON {
	if c == nil {
		return nil
	}
	wire := &accessControlJSON{Scopes: make([]scopeJSON, 0, len(c.Scopes))}
	for _, s := range c.Scopes {
		wire.Scopes = append(wire.Scopes, scopeJSON(s))
	}
	return wire
}

// jsonNames are the core's fields that this dialect calls by another name.
var jsonNames = map[identity.Field]string{
	identity.FieldKind:             "type",
	identity.FieldFirstName:        "name",
	identity.FieldOrganizationName: "name",
	identity.FieldLastName:         "lastname",
	identity.FieldState:            "address.administrativeAreaLevel1",
	identity.FieldCity:             "address.administrativeAreaLevel2",
	identity.FieldDistrict:         "address.administrativeAreaLevel3",
	identity.FieldUnit:             "address.optionalAddress",
	identity.FieldPostalCode:       "address.zipcode",
}

func jsonName(f identity.Field) string {
	if name, ok := jsonNames[f]; ok {
		return name
	}
	return string(f)
}
