package iddocument

// rule is one type of document of one country.
type rule struct {
	kind, country string
	scope         scope
	holder        holder
	format        lenientFormat
	check         func(compact string) Result
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

// rules keeps the rows of a kind together, those with the widest scope first.
var rules = [...]rule{
	{"PASSPORT", "", anyCountry, anyHolder, lenientFormat{alphanumeric, 5, 20}, passport},
	{"RFC", "MEX", anyCountry, company, lenientFormat{alphanumeric, 4, 13}, rfc}, // persons have one too: Conomy takes their CURP
	{"CURP", "MEX", anyCountry, person, lenientFormat{alphanumeric, 4, 18}, curp},
	{"RUT", "CHL", ownOrUnknownCountry, anyHolder, lenientFormat{digitsOrK, 2, 9}, rut}, // Conomy's own examples: 123125, 77123126-K
	{"RUT", "URY", ownCountryOnly, anyHolder, lenientFormat{digits, 2, 12}, rutUruguay},
	{"CED_CIU", "COL", anyCountry, person, lenientFormat{digits, 2, 12}, cedulaColombia},
	{"CED_EXT", "COL", anyCountry, person, lenientFormat{digits, 2, 12}, cedulaExtranjeria},
	{"NIT", "COL", ownOrUnknownCountry, company, lenientFormat{digits, 2, 16}, nit},         // Bolivia, Guatemala and El Salvador have a NIT
	{"DNI", "PER", ownOrUnknownCountry, person, lenientFormat{alphanumeric, 2, 9}, dniPeru}, // Spain and Honduras have a DNI
	{"DNI", "ARG", ownOrUnknownCountry, person, lenientFormat{alphanumeric, 2, 9}, dniArgentina},
	{"CE", "PER", ownOrUnknownCountry, person, lenientFormat{alphanumeric, 2, 12}, carneExtranjeria}, // Colombia has a CE
	{"RUC", "PER", ownOrUnknownCountry, anyHolder, lenientFormat{digits, 2, 11}, rucPeru},            // Panama and Nicaragua have a RUC
	{"RUC", "ECU", ownCountryOnly, anyHolder, lenientFormat{digits, 2, 13}, rucEcuador},
	{"RUC", "PRY", ownCountryOnly, anyHolder, lenientFormat{digits, 2, 10}, rucParaguay},
	{"CUIL", "ARG", anyCountry, person, lenientFormat{digits, 2, 11}, cuit},
	{"CUIT", "ARG", anyCountry, company, lenientFormat{digits, 2, 11}, cuit},

	// Not in Conomy's table.
	{"CPF", "BRA", anyCountry, person, lenientFormat{digits, 2, 11}, cpf},
	{"CNPJ", "BRA", anyCountry, company, lenientFormat{alphanumeric, 2, 14}, cnpj},
	{"CI", "URY", ownCountryOnly, person, lenientFormat{digits, 2, 8}, ciUruguay}, // Bolivia, Paraguay and Venezuela have a CI
	{"CI", "ECU", ownCountryOnly, person, lenientFormat{digits, 2, 10}, ciEcuador},
	{"RIF", "VEN", anyCountry, anyHolder, lenientFormat{alphanumeric, 2, 10}, rif},
	{"CEDULA", "DOM", ownCountryOnly, person, lenientFormat{digits, 2, 11}, cedulaDominicana}, // half of Latin America has one
	{"RNC", "DOM", anyCountry, company, lenientFormat{digits, 2, 11}, rnc},
}

// rulesFor returns the rules that apply to a number, none if the name means a document
// without a rule in that country. known reports whether the kind has a rule anywhere.
func rulesFor(kind, country string) (list []rule, known bool) {
	list = rulesOfKind(kind)
	known = len(list) > 0
	for i := range list {
		if list[i].country == country {
			return list[i : i+1], known
		}
	}
	widest := ownOrUnknownCountry
	if country != "" {
		widest = anyCountry
	}
	n := 0
	for n < len(list) && list[n].scope >= widest {
		n++
	}
	return list[:n], known
}

func rulesOfKind(kind string) []rule {
	first := 0
	for first < len(rules) && rules[first].kind != kind {
		first++
	}
	end := first
	for end < len(rules) && rules[end].kind == kind {
		end++
	}
	return rules[first:end]
}
