package conomy

import (
	"time"

	"cedula/shared/identity"
	"cedula/shared/strictjson"
)

// identityWire is an identity in an answer. Nothing of Conomy's is left out:
// what is not known is "", null, [] or {} as Conomy sends it.
type identityWire struct {
	ID              string           `json:"id"`
	Type            string           `json:"type"`
	Name            string           `json:"name"`
	Nickname        string           `json:"nickname"`
	Lastname        string           `json:"lastname"`
	Email           string           `json:"email"`
	Phone           string           `json:"phone"`
	DocumentType    string           `json:"documentType"`
	DocumentNumber  string           `json:"documentNumber"`
	DocumentCheck   string           `json:"documentCheck"`       // valid, invalid or unchecked
	DocumentReason  string           `json:"documentCheckReason"` // why; empty when valid
	IDV             string           `json:"idv"`
	SecurityOptions securityWire     `json:"securityOptions"`
	Country         string           `json:"country"`
	Children        []childWire      `json:"children"`
	Status          string           `json:"status"`
	ExternalID      string           `json:"externalId"`
	BankAccount     *bankWire        `json:"bankAccount"`
	Rules           strictjson.Value `json:"rules"`
	Gender          string           `json:"gender"`
	BirthDate       string           `json:"birthDate"`
	Nationality     string           `json:"nationality"`
	KYC             strictjson.Value `json:"kyc"`
	WatchList       strictjson.Value `json:"watchList"`
	ExtendedData    strictjson.Value `json:"extendedData"`
	Metadata        strictjson.Value `json:"metadata"`
	Address         addressWire      `json:"address"`
	CreatedAt       string           `json:"createdAt"`
	UpdatedAt       string           `json:"updatedAt"`
	Tokenized       []string         `json:"tokenizedFields,omitzero"`
	Requirements    requirementsWire `json:"requirements"`
	ExpiresAt       *string          `json:"expiresAt,omitzero"` // while it is pending
	Hold            *holdWire        `json:"hold,omitzero"`
	PendingEmail    string           `json:"pendingEmail,omitzero"`
	PendingPhone    string           `json:"pendingPhone,omitzero"`
}

type securityWire struct {
	TwoFactorAuth          bool               `json:"twoFactorAuth"`
	SignTrx                bool               `json:"signTrx"`
	SignAccountsOperations bool               `json:"signAccountsOperations"`
	AccessControl          *accessControlWire `json:"accessControl,omitzero"`
}

type accessControlWire struct {
	Scopes []scopeWire `json:"scopes"`
}

type scopeWire struct {
	Resource    string   `json:"resource"`
	Reference   string   `json:"reference"`
	Permissions []string `json:"permissions"`
}

// childWire spells lastName with a capital N, unlike the identity itself: so
// does Conomy.
type childWire struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	LastName  string   `json:"lastName"`
	Email     string   `json:"email"`
	Tokenized []string `json:"tokenizedFields,omitzero"`
}

type bankWire struct {
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

// toWire translates an identity of either dialect.
func toWire(i identity.Identity) identityWire {
	document, required := verdict(&i.Profile), toRequirementsWire(i.Requirements())
	return identityWire{
		ID: i.ID, Type: typeOf(i.Kind), Name: nameOf(&i.Profile), Nickname: i.Nickname, Lastname: i.LastName,
		Email: i.Email, Phone: i.Phone,
		DocumentType: i.DocumentType, DocumentNumber: i.DocumentNumber, IDV: i.IDV,
		DocumentCheck: string(document.Verdict), DocumentReason: document.Reason,
		SecurityOptions: toSecurityWire(i.Security),
		Country:         i.Country, Children: toChildrenWire(i.Children),
		Status: string(i.Status), ExternalID: i.ExternalID, BankAccount: toBankWire(i.Bank),
		Rules:  strictjson.Value(i.Rules),
		Gender: i.Gender, BirthDate: i.BirthDate.String(), Nationality: i.Nationality,
		KYC: strictjson.Value(i.KYC), WatchList: watchListOf(&i),
		ExtendedData: orElse(i.ExtendedData, "[]"), Metadata: orElse(i.Metadata, "{}"),
		Address:   toAddressWire(i.Address),
		CreatedAt: wireTime(i.CreatedAt), UpdatedAt: wireTime(i.UpdatedAt),
		Requirements: required, ExpiresAt: required.DueBy, Hold: toHoldWire(i.Hold),
		PendingEmail: pendingAddress(&i, identity.ByEmail),
		PendingPhone: pendingAddress(&i, identity.ByPhone),
		Tokenized:    standIns(&i, identityMembers),
	}
}

func toSecurityWire(s identity.SecurityOptions) securityWire {
	return securityWire{
		TwoFactorAuth: s.TwoFactor, SignTrx: s.SignTransactions,
		SignAccountsOperations: s.SignAccountOperations,
		AccessControl:          toAccessControlWire(s.AccessControl),
	}
}

func toChildrenWire(children []identity.Identity) []childWire {
	var list []childWire
	for n := range children {
		c := &children[n]
		list = append(list, childWire{c.ID, nameOf(&c.Profile), c.LastName, c.Email, standIns(c, childMembers)})
	}
	return list
}

func toBankWire(b *identity.BankAccount) *bankWire {
	if b == nil {
		return nil
	}
	return &bankWire{
		ID: b.ID, AccountNumber: b.AccountNumber, Nickname: b.Nickname, Bank: b.Bank,
		Currency: b.Currency, TypeAccount: b.AccountType,
		AccountHolder: b.Holder, AccountHolderDni: b.HolderDocument,
		Country: b.Country, ExternalID: b.ExternalID,
		CreatedAt: wireTime(b.CreatedAt), UpdatedAt: wireTime(b.UpdatedAt),
	}
}

func orElse(sent identity.JSON, absent string) strictjson.Value {
	if sent == nil {
		return strictjson.Value(absent)
	}
	return strictjson.Value(sent)
}

// wireTime is RFC 3339 in UTC, whole seconds.
func wireTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }
