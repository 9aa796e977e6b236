package conomy

import "cedula/shared/strictjson"

// The parts of an updateRequest that are merged: each member of theirs is absent,
// null or a value.

type securityPatch struct {
	TwoFactorAuth          strictjson.Optional[bool]               `json:"twoFactorAuth"`
	TwoFactorEnabled       strictjson.Optional[bool]               `json:"twoFactorEnabled"`
	SignTrx                strictjson.Optional[bool]               `json:"signTrx"`
	SignAccountsOperations strictjson.Optional[bool]               `json:"signAccountsOperations"`
	AccessControl          strictjson.Optional[*accessControlJSON] `json:"accessControl"`
}

type addressPatch struct {
	AdministrativeAreaLevel1 strictjson.Optional[string] `json:"administrativeAreaLevel1"`
	AdministrativeAreaLevel2 strictjson.Optional[string] `json:"administrativeAreaLevel2"`
	AdministrativeAreaLevel3 strictjson.Optional[string] `json:"administrativeAreaLevel3"`
	Street                   strictjson.Optional[string] `json:"street"`
	StreetNumber             strictjson.Optional[string] `json:"streetNumber"`
	OptionalAddress          strictjson.Optional[string] `json:"optionalAddress"`
	Country                  strictjson.Optional[string] `json:"country"`
	Zipcode                  strictjson.Optional[string] `json:"zipcode"`
}

type bankAccountPatch struct {
	AccountNumber    strictjson.Optional[string] `json:"accountNumber"`
	Nickname         strictjson.Optional[string] `json:"nickname"`
	Bank             strictjson.Optional[string] `json:"bank"`
	Currency         strictjson.Optional[string] `json:"currency"`
	TypeAccount      strictjson.Optional[string] `json:"typeAccount"`
	AccountHolder    strictjson.Optional[string] `json:"accountHolder"`
	AccountHolderDni strictjson.Optional[string] `json:"accountHolderDni"`
	Country          strictjson.Optional[string] `json:"country"`
	ExternalID       strictjson.Optional[string] `json:"externalId"`
}
