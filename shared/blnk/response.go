package blnk

import (
	"time"

	"cedula/shared/identity"
	"cedula/shared/strictjson"
)

// identityResponse is an identity in an answer: all 19 keys, always, in this order.
// Where the identity waits for something, which no identity of Blnk's does, three
// more say for what.
//
// What another dialect wrote reads like this: a person's and an organisation's
// name stand in first_name and organization_name, state and city are the first
// and second administrative level of the address, country is the identity's
// own and not the address's. What this dialect has no key for is left out.
type identityResponse struct {
	IdentityID       string           `json:"identity_id"`
	IdentityType     string           `json:"identity_type"`
	OrganizationName string           `json:"organization_name"`
	Category         string           `json:"category"`
	FirstName        string           `json:"first_name"`
	LastName         string           `json:"last_name"`
	OtherNames       string           `json:"other_names"`
	Gender           string           `json:"gender"`
	EmailAddress     string           `json:"email_address"`
	PhoneNumber      string           `json:"phone_number"`
	Nationality      string           `json:"nationality"`
	Street           string           `json:"street"`
	Country          string           `json:"country"`
	State            string           `json:"state"`
	PostCode         string           `json:"post_code"`
	City             string           `json:"city"`
	DOB              string           `json:"dob"`
	CreatedAt        string           `json:"created_at"`
	MetaData         strictjson.Value `json:"meta_data"`

	Status       string                `json:"status,omitzero"`
	Requirements *requirementsResponse `json:"requirements,omitzero"`
	ExpiresAt    string                `json:"expires_at,omitzero"`
}

// requirementsResponse is what an identity waits for.
type requirementsResponse struct {
	CurrentlyDue []string `json:"currently_due"`
	Pending      []string `json:"pending"`
	DueBy        string   `json:"due_by,omitzero"`
}

// setStatus shows what the identity waits for, if it does or is out of use.
func (w *identityResponse) setStatus(i *identity.Identity) {
	r := i.Requirements()
	if i.Status == identity.Active && len(r.Due)+len(r.Pending) == 0 {
		return
	}
	w.Status, w.Requirements = string(i.Status), &requirementsResponse{CurrentlyDue: r.Due, Pending: r.Pending}
	for _, list := range []*[]string{&w.Requirements.CurrentlyDue, &w.Requirements.Pending} {
		if *list == nil {
			*list = []string{}
		}
	}
	if !r.Deadline.IsZero() {
		w.ExpiresAt = r.Deadline.UTC().Format(time.RFC3339)
		w.Requirements.DueBy = w.ExpiresAt
	}
}

// toResponse translates an identity of either dialect.
func toResponse(i identity.Identity) identityResponse {
	wire := identityResponse{
		IdentityID: i.ID, IdentityType: string(i.Kind),
		OrganizationName: i.OrganizationName, Category: i.Category,
		FirstName:    displayValue(&i, identity.FieldFirstName, i.FirstName),
		LastName:     displayValue(&i, identity.FieldLastName, i.LastName),
		OtherNames:   displayValue(&i, identity.FieldOtherNames, i.OtherNames),
		EmailAddress: displayValue(&i, identity.FieldEmail, i.Email),
		PhoneNumber:  displayValue(&i, identity.FieldPhone, i.Phone),
		Street:       displayValue(&i, identity.FieldStreet, i.Address.Street),
		PostCode:     displayValue(&i, identity.FieldPostalCode, i.Address.PostalCode),
		Gender:       i.Gender, Nationality: i.Nationality,
		Country: i.Country, State: i.Address.State, City: i.Address.City,
		DOB:       i.BirthDate.Midnight().Format(time.RFC3339),
		CreatedAt: i.CreatedAt.UTC().Format(time.RFC3339Nano),
		MetaData:  strictjson.Value(i.Metadata),
	}
	wire.setStatus(&i)
	return wire
}

// jsonNames are the core's fields that this dialect calls by another name.
var jsonNames = map[identity.Field]string{
	identity.FieldID:               "identity_id",
	identity.FieldKind:             "identity_type",
	identity.FieldOrganizationName: "organization_name",
	identity.FieldFirstName:        "first_name",
	identity.FieldLastName:         "last_name",
	identity.FieldOtherNames:       "other_names",
	identity.FieldEmail:            "email_address",
	identity.FieldPhone:            "phone_number",
	identity.FieldBirthDate:        "dob",
	identity.FieldStreet:           "street",
	identity.FieldState:            "state",
	identity.FieldCity:             "city",
	identity.FieldPostalCode:       "post_code",
	identity.FieldMetadata:         "meta_data",
}

func jsonName(f identity.Field) string {
	if name, ok := jsonNames[f]; ok {
		return name
	}
	return string(f)
}
