package conomy

import (
	"cmp"
	"errors"
	"net/http"
	"time"

	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/rest"
	"cedula/shared/strictjson"
)

// identityResponse has all of Conomy's fields. Unknown values are "", null, [] or {}, as in Conomy.
type identityResponse struct {
	ID              string               `json:"id"`
	Type            string               `json:"type"`
	Name            string               `json:"name"`
	Nickname        string               `json:"nickname"`
	Lastname        string               `json:"lastname"`
	Email           string               `json:"email"`
	Phone           string               `json:"phone"`
	DocumentType    string               `json:"documentType"`
	DocumentNumber  string               `json:"documentNumber"`
	DocumentCheck   string               `json:"documentCheck"`       // valid, invalid or unchecked
	DocumentReason  string               `json:"documentCheckReason"` // empty if valid
	IDV             string               `json:"idv"`
	SecurityOptions securityResponse     `json:"securityOptions"`
	Country         string               `json:"country"`
	Children        []childResponse      `json:"children"`
	Status          string               `json:"status"`
	ExternalID      string               `json:"externalId"`
	BankAccount     *bankAccountResponse `json:"bankAccount"`
	Rules           strictjson.Value     `json:"rules"`
	Gender          string               `json:"gender"`
	BirthDate       string               `json:"birthDate"`
	Nationality     string               `json:"nationality"`
	KYC             strictjson.Value     `json:"kyc"`
	WatchList       strictjson.Value     `json:"watchList"`
	ExtendedData    strictjson.Value     `json:"extendedData"`
	Metadata        strictjson.Value     `json:"metadata"`
	Address         addressJSON[string]  `json:"address"`
	CreatedAt       string               `json:"createdAt"`
	UpdatedAt       string               `json:"updatedAt"`
	Tokenized       []string             `json:"tokenizedFields,omitzero"`
	Requirements    requirementsResponse `json:"requirements"`
	ExpiresAt       *string              `json:"expiresAt,omitzero"` // only while pending
	Hold            *holdResponse        `json:"hold,omitzero"`
	PendingEmail    string               `json:"pendingEmail,omitzero"`
	PendingPhone    string               `json:"pendingPhone,omitzero"`
	Test            bool                 `json:"test,omitzero"` // created by a test client
	Warnings        []warningResponse    `json:"warnings,omitempty"`
}

// warningResponse is about a value that a strict client could not have sent.
type warningResponse struct {
	Field  string `json:"field"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// warnings returns the warnings about an identity, whose values are judged at the time of its last change.
func warnings(i *identity.Identity) []warningResponse {
	var wrong *identity.Invalid
	if !errors.As(identity.CheckBirthDate(i.BirthDate, i.UpdatedAt), &wrong) {
		return nil
	}
	return []warningResponse{{"birthDate", invalidParam.code, wrong.Reason}}
}

type securityResponse struct {
	TwoFactorAuth          bool               `json:"twoFactorAuth"`
	SignTrx                bool               `json:"signTrx"`
	SignAccountsOperations bool               `json:"signAccountsOperations"`
	AccessControl          *accessControlJSON `json:"accessControl,omitzero"`
}

// childResponse spells lastName with a capital N, unlike the identity itself, as Conomy does.
type childResponse struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	LastName  string   `json:"lastName"`
	Email     string   `json:"email"`
	Tokenized []string `json:"tokenizedFields,omitzero"`
}

// update changes the identity of the path and returns it.
func (a *API) update(r *gateway.Request, c registry.Change) (gateway.Response, error) {
	result, err := dialect.Update(r, a.Identities, c)
	return a.respondOrError(r, result, err)
}

// respondToChange calls write with a change of the identity of the path and returns the identity.
func (a *API) respondToChange(r *gateway.Request, write func(registry.Change) (identity.WriteResult, error)) (gateway.Response, error) {
	change, err := dialect.NewChange(r)
	if err != nil {
		return gateway.Response{}, err
	}
	result, err := write(change)
	return a.respondOrError(r, result, err)
}

func (a *API) respondOrError(r *gateway.Request, result identity.WriteResult, err error) (gateway.Response, error) {
	if err != nil {
		return gateway.Response{}, err
	}
	result.Identity, err = a.withoutDangling(r, result.Identity)
	if err != nil {
		return gateway.Response{}, err
	}
	return respond(result), nil
}

func respond(result identity.WriteResult) gateway.Response {
	return rest.WriteResponse(http.StatusOK, result, toResponse(&result.Identity))
}

// toResponse converts an identity of any API. Every kind except an organization is a USER. The name is the organization's
// or the person's first names, or the other if that is empty. A country set by another API may not be an ISO 3166 code.
func toResponse(i *identity.Identity) identityResponse {
	document := documentCheck(&i.Profile)
	required := i.Requirements()
	dueBy := timeOrNil(required.Deadline)
	return identityResponse{
		ID: i.ID, Type: typeFromKind(i.Kind), Name: displayName(&i.Profile), Nickname: i.Nickname, Lastname: i.LastName,
		Email: i.Email, Phone: i.Phone,
		DocumentType: i.DocumentType, DocumentNumber: i.DocumentNumber, IDV: i.IDV,
		DocumentCheck: string(document.Verdict), DocumentReason: document.Reason,
		SecurityOptions: securityResponse{
			TwoFactorAuth: i.Security.TwoFactor, SignTrx: i.Security.SignTransactions,
			SignAccountsOperations: i.Security.SignAccountOperations, AccessControl: toAccessControlJSON(i.Security.AccessControl),
		},
		Country: i.Country, Children: toChildrenResponse(i.Children),
		Status: string(i.Status), ExternalID: i.ExternalID, BankAccount: toBankAccountResponse(i.Bank),
		Rules:  strictjson.Value(i.Rules),
		Gender: i.Gender, BirthDate: i.BirthDate.String(), Nationality: i.Nationality,
		KYC: strictjson.Value(i.KYC), WatchList: toWatchList(i),
		ExtendedData: valueOrDefault(i.ExtendedData, "[]"), Metadata: valueOrDefault(i.Metadata, "{}"),
		Address: addressJSON[string]{
			AdministrativeAreaLevel1: i.Address.State, AdministrativeAreaLevel2: i.Address.City, AdministrativeAreaLevel3: i.Address.District,
			Street: i.Address.Street, StreetNumber: i.Address.StreetNumber, OptionalAddress: i.Address.Unit,
			Country: i.Address.Country, Zipcode: i.Address.PostalCode,
		},
		CreatedAt: formatTime(i.CreatedAt), UpdatedAt: formatTime(i.UpdatedAt),
		Requirements: requirementsResponse{append([]string{}, required.Due...), append([]string{}, required.Pending...), dueBy},
		ExpiresAt:    dueBy, Hold: toHoldResponse(i.Hold),
		Test: i.TestMode, Warnings: warnings(i),
		PendingEmail: pendingContact(i, identity.ChannelEmail),
		PendingPhone: pendingContact(i, identity.ChannelPhone),
		Tokenized:    tokenizedFields(i, tokenizableIdentityFields),
	}
}

func toChildrenResponse(children []identity.Identity) []childResponse {
	var list []childResponse
	for n := range children {
		c := &children[n]
		list = append(list, childResponse{c.ID, displayName(&c.Profile), c.LastName, c.Email, tokenizedFields(c, tokenizableChildFields)})
	}
	return list
}

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

func displayName(p *identity.Profile) string {
	if p.Kind == identity.Organization {
		return cmp.Or(p.OrganizationName, p.FirstName)
	}
	return cmp.Or(p.FirstName, p.OrganizationName)
}

func valueOrDefault(sent identity.JSON, absent string) strictjson.Value {
	if sent == nil {
		return strictjson.Value(absent)
	}
	return strictjson.Value(sent)
}

type requirementsResponse struct {
	CurrentlyDue []string `json:"currentlyDue"`
	Pending      []string `json:"pending"`
	DueBy        *string  `json:"dueBy"`
}

func timeOrNil(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	moment := formatTime(t)
	return &moment
}

type holdResponse struct {
	Reason string `json:"reason"`
	Since  string `json:"since"`
}

func toHoldResponse(h *identity.Hold) *holdResponse {
	if h == nil {
		return nil
	}
	return &holdResponse{h.Reason, formatTime(h.Since)}
}

// screeningResponse is a reviewer's decision in the watchList of an identity.
type screeningResponse struct {
	Decision  string `json:"decision"`
	Reason    string `json:"reason"`
	Reviewer  string `json:"reviewer"`
	DecidedAt string `json:"decidedAt"`
}

func toWatchList(i *identity.Identity) strictjson.Value {
	if v := i.Review; v != nil {
		return strictjson.Encode(screeningResponse{string(v.Outcome), v.Reason, v.Reviewer, formatTime(v.DecidedAt)})
	}
	return strictjson.Value(i.WatchList)
}

// pendingContact returns the address that replaces the current one once verified, or "" if it is tokenized.
func pendingContact(i *identity.Identity, c identity.Channel) string {
	if i.Tokenized(c.Field()) != nil {
		return ""
	}
	return i.Verification(c).PendingAddress
}

// The names of the tokenizable fields in an identity, and in a child.
var (
	tokenizableIdentityFields = map[identity.Field]string{
		identity.FieldFirstName: "name", identity.FieldLastName: "lastname", identity.FieldEmail: "email", identity.FieldPhone: "phone",
		identity.FieldStreet: "address.street", identity.FieldPostalCode: "address.zipcode",
	}
	tokenizableChildFields = map[identity.Field]string{
		identity.FieldFirstName: "name", identity.FieldLastName: "lastName", identity.FieldEmail: "email",
	}
)

// tokenizedFields lists the fields that show a placeholder, which clients could not otherwise tell from a value.
func tokenizedFields(i *identity.Identity, members map[identity.Field]string) (list []string) {
	for _, f := range identity.TokenizableFields {
		text := *i.StringField(f)
		if f == identity.FieldFirstName && text != displayName(&i.Profile) {
			continue // the other name is shown
		}
		if name := members[f]; name != "" && text != "" && i.Tokenized(f) != nil {
			list = append(list, name)
		}
	}
	return list
}
