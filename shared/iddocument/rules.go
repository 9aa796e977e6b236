package iddocument

import "slices"

// rule is one type of document of one country.
type rule struct {
	country string
	scope   scope
	holder  holder
	lenient form // the minimum that a number must satisfy to be plausible
	strict  form
	reason  string                         // of the verdict on a number that does not have the strict form
	formula func(wellFormed string) Result // nil for a type without a check digit
}

// scope says in which countries, besides its own, a rule applies.
type scope uint8

const (
	ownCountryOnly      scope = iota // none: elsewhere the name means another document
	ownOrUnknownCountry              // an unknown one: the document that Conomy means by the name
	anyCountry                       // any: no other document has the name, wherever its holder lives
)

type holder uint8

const (
	anyHolder holder = iota
	person
	company
)

// rules holds the rules of each type of document, those with the widest scope first.
var rules = map[string][]rule{
	"PASSPORT": {{"", anyCountry, anyHolder, form{5, "++++++++++++++++++++"}, // ICAO 9303 gives it up to 9 characters, and countries add to it
		form{5, "********************"}, "a passport's number has 5 to 20 letters and digits", nil}},
	"RFC": {{"MEX", anyCountry, company, form{4, "+++++++++++++"}, // persons have one too: Conomy takes their CURP
		form{12, "NNNN999999***"}, "an RFC has 3 or 4 letters, 6 digits and 3 letters or digits", rfc}},
	"CURP": {{
		"MEX", anyCountry, person,
		form{4, "++++++++++++++++++"},
		form{18, "AAAA999999AAAAAA*9"},
		"a CURP has 4 letters, 6 digits, 6 letters, a letter or digit and a check digit",
		curp,
	}},
	"RUT": {
		{"CHL", ownOrUnknownCountry, anyHolder, form{2, "99999999K"}, // Conomy's own examples: 123125, 77123126-K
			form{8, "99999999K"}, "a RUT has 7 or 8 digits and a check digit or K", rut},
		{"URY", ownCountryOnly, anyHolder, form{2, "999999999999"}, form{12, "999999999999"}, "a RUT has 12 digits", rutUruguay},
	},
	"CED_CIU": {{"COL", anyCountry, person, form{2, "999999999999"}, form{5, "999999999999"}, "a citizen's card has 5 to 12 digits", nil}},
	"CED_EXT": {{"COL", anyCountry, person, form{2, "999999999999"}, form{6, "999999999999"}, "a foreigner's card has 6 to 12 digits", nil}},
	"NIT": {{"COL", ownOrUnknownCountry, company, form{2, "9999999999999999"}, // Bolivia, Guatemala and El Salvador have a NIT
		form{8, "9999999999999999"}, "a NIT has 7 to 15 digits and a check digit", nit}},
	"DNI": { // Spain and Honduras have a DNI
		{"PER", ownOrUnknownCountry, person, form{2, "+++++++++"}, form{8, "*********"}, dniPeruReason, dniPeru},
		{"ARG", ownOrUnknownCountry, person, form{2, "+++++++++"}, form{7, "99999999"}, "a DNI has 7 or 8 digits", nil},
	},
	"CE": {{"PER", ownOrUnknownCountry, person, form{2, "++++++++++++"}, // Colombia has a CE
		form{9, "999999999"}, "a foreigner's card has 9 digits", nil}},
	"RUC": { // Panama and Nicaragua have a RUC
		{"PER", ownOrUnknownCountry, anyHolder, form{2, "99999999999"}, form{11, "99999999999"}, "a RUC has 11 digits", rucPeru},
		{"ECU", ownCountryOnly, anyHolder, form{2, "9999999999999"}, form{13, "9999999999999"}, "a RUC has 13 digits", rucEcuador},
		{"PRY", ownCountryOnly, anyHolder, form{2, "9999999999"}, form{2, "999999999"}, "a RUC has up to 8 digits and a check digit", rucParaguay},
	},
	"CUIL": {{"ARG", anyCountry, person, form{2, "99999999999"}, form{11, "99999999999"}, "a CUIT or CUIL has 11 digits", cuit}},
	"CUIT": {{"ARG", anyCountry, company, form{2, "99999999999"}, form{11, "99999999999"}, "a CUIT or CUIL has 11 digits", cuit}},

	// Not in Conomy's table.
	"CPF": {{"BRA", anyCountry, person, form{2, "99999999999"}, form{11, "99999999999"}, "a CPF has 11 digits", cpf}},
	"CNPJ": {
		{"BRA", anyCountry, company, form{2, "++++++++++++++"}, form{14, "************99"}, "a CNPJ has 12 letters or digits and two check digits", cnpj},
	},
	"CI": { // Bolivia, Paraguay and Venezuela have a CI
		{"URY", ownCountryOnly, person, form{2, "99999999"}, form{7, "99999999"}, "a CI has 6 or 7 digits and a check digit", ciUruguay},
		{"ECU", ownCountryOnly, person, form{2, "9999999999"}, form{10, "9999999999"}, "a CI has 10 digits", ciEcuador},
	},
	"RIF": {{"VEN", anyCountry, anyHolder, form{2, "++++++++++"}, form{10, "R999999999"}, "a RIF has one of the letters V, E, J, P, G and 9 digits", rif}},
	"CEDULA": {{"DOM", ownCountryOnly, person, form{2, "99999999999"}, // half of Latin America has one
		form{11, "99999999999"}, "a cedula has 11 digits", cedulaDominicana}},
	"RNC": {{"DOM", anyCountry, company, form{2, "99999999999"}, form{9, "999999999"}, "an RNC has 9 digits", rnc}},
}

// rulesFor returns the rules that apply to a number, none if the name means a document
// without a rule in that country.
func rulesFor(kind, country string) []rule {
	list := rules[kind]
	own := slices.IndexFunc(list, func(r rule) bool { return r.country == country })
	if own >= 0 {
		return list[own : own+1]
	}
	least := ownOrUnknownCountry
	if country != "" {
		least = anyCountry
	}
	end := slices.IndexFunc(list, func(r rule) bool { return r.scope < least })
	if end >= 0 {
		return list[:end]
	}
	return list
}

// check returns the result for a compact number.
func (r rule) check(number string) Result {
	if !r.strict.matches(number) {
		return Result{Invalid, r.reason}
	}
	if r.formula == nil {
		return Result{Unchecked, "this type of document has no check digit"}
	}
	return r.formula(number)
}
