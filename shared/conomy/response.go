package conomy

import (
	"time"

	"cedula/shared/identity"
	"cedula/shared/strictjson"
)

// identityResponse is an identity in an answer. Nothing of Conomy's is left out:
// what is not known is "", null, [] or {} as Conomy sends it.
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
	DocumentReason  string               `json:"documentCheckReason"` // why; empty when valid
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
	Address         addressJSON          `json:"address"`
	CreatedAt       string               `json:"createdAt"`
	UpdatedAt       string               `json:"updatedAt"`
	Tokenized       []string             `json:"tokenizedFields,omitzero"`
	Requirements    requirementsResponse `json:"requirements"`
	ExpiresAt       *string              `json:"expiresAt,omitzero"` // while it is pending
	Hold            *holdResponse        `json:"hold,omitzero"`
	PendingEmail    string               `json:"pendingEmail,omitzero"`
	PendingPhone    string               `json:"pendingPhone,omitzero"`
}

type securityResponse struct {
	TwoFactorAuth          bool               `json:"twoFactorAuth"`
	SignTrx                bool               `json:"signTrx"`
	SignAccountsOperations bool               `json:"signAccountsOperations"`
	AccessControl          *accessControlJSON `json:"accessControl,omitzero"`
}

type accessControlJSON struct {
	Scopes []scopeJSON `json:"scopes"`
}

type scopeJSON struct {
	Resource    string   `json:"resource"`
	Reference   string   `json:"reference"`
	Permissions []string `json:"permissions"`
}

// childResponse spells lastName with a capital N, unlike the identity itself: so
// does Conomy.
type childResponse struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	LastName  string   `json:"lastName"`
	Email     string   `json:"email"`
	Tokenized []string `json:"tokenizedFields,omitzero"`
}

type bankAccountResponse struct {
	ID               string `json:"id"`
	AccountNumber    string `json:"accountNumber"`
	Nickname         string `json:"nickname"`
	Bank             string `json:"bank"`
	Currency         string `json:"currency"`
	TypeAccount      string `json:"typeAccount"`
	AccountHolder    string `json:"accountHolder"`
	AccountHolderDni string `json:"accountHolderDni"`
	Country          string `json:"country"`
	ExternalID       string `json:"externalId"`
	CreatedAt        string `json:"createdAt"`
	UpdatedAt        string `json:"updatedAt"`
}

// toResponse translates an identity of either dialect.
func toResponse(i identity.Identity) identityResponse {
	document, required := documentCheck(&i.Profile), toRequirementsResponse(i.Requirements())
	return identityResponse{
		ID: i.ID, Type: typeFromKind(i.Kind), Name: displayName(&i.Profile), Nickname: i.Nickname, Lastname: i.LastName,
		Email: i.Email, Phone: i.Phone,
		DocumentType: i.DocumentType, DocumentNumber: i.DocumentNumber, IDV: i.IDV,
		DocumentCheck: string(document.Verdict), DocumentReason: document.Reason,
		SecurityOptions: toSecurityResponse(i.Security),
		Country:         i.Country, Children: toChildrenResponse(i.Children),
		Status: string(i.Status), ExternalID: i.ExternalID, BankAccount: toBankAccountResponse(i.Bank),
		Rules:  strictjson.Value(i.Rules),
		Gender: i.Gender, BirthDate: i.BirthDate.String(), Nationality: i.Nationality,
		KYC: strictjson.Value(i.KYC), WatchList: toWatchList(&i),
		ExtendedData: valueOrDefault(i.ExtendedData, "[]"), Metadata: valueOrDefault(i.Metadata, "{}"),
		Address:   toAddressJSON(i.Address),
		CreatedAt: formatTime(i.CreatedAt), UpdatedAt: formatTime(i.UpdatedAt),
		Requirements: required, ExpiresAt: required.DueBy, Hold: toHoldResponse(i.Hold),
		PendingEmail: pendingContact(&i, identity.ChannelEmail),
		PendingPhone: pendingContact(&i, identity.ChannelPhone),
		Tokenized:    tokenizedFields(&i, tokenizableIdentityFields),
	}
}

func toSecurityResponse(s identity.SecurityOptions) securityResponse {
	return securityResponse{
		TwoFactorAuth: s.TwoFactor, SignTrx: s.SignTransactions,
		SignAccountsOperations: s.SignAccountOperations,
		AccessControl:          toAccessControlJSON(s.AccessControl),
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

func toBankAccountResponse(b *identity.BankAccount) *bankAccountResponse {
	if b == nil {
		return nil
	}
	return &bankAccountResponse{
		ID: b.ID, AccountNumber: b.AccountNumber, Nickname: b.Nickname, Bank: b.Bank,
		Currency: b.Currency, TypeAccount: b.AccountType,
		AccountHolder: b.Holder, AccountHolderDni: b.HolderDocument,
		Country: b.Country, ExternalID: b.ExternalID,
		CreatedAt: formatTime(b.CreatedAt), UpdatedAt: formatTime(b.UpdatedAt),
	}
}

func valueOrDefault(sent identity.JSON, absent string) strictjson.Value {
	if sent == nil {
		return strictjson.Value(absent)
	}
	return strictjson.Value(sent)
}

// formatTime is RFC 3339 in UTC, whole seconds.
func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }
