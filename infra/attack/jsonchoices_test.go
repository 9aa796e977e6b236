//go:build dynamodb

package attack

// Why the registry chooses as it does.
const (
	reasonNumberDigits  = "numbers are kept as text, with all their digits: I-JSON's range is for those who calculate with them"
	reasonInvalidUTF8   = "a text that is no UTF-8 is none that everybody reads alike (RFC 8259, section 8.1)"
	reasonSurrogate     = "half a surrogate pair is no character (RFC 7493, section 2.1)"
	reasonBOM           = "no byte order mark (RFC 8259, section 8.1)"
	reasonDepth         = "nested deeper than 16 levels"
	reasonDuplicateName = "a name that stands twice is read in two ways (RFC 7493, section 2.3)"
	reasonNUL           = "an escaped NUL ends the text in databases and C libraries behind our clients"
	reasonScalar        = "a body is an object or an array; null is neither"
)

// choice is whether a document is taken, and why.
type choice struct {
	accepted bool
	reason   string
}

// suiteChoices are made where the suite leaves one, and where the registry is stricter
// than JSON.
var suiteChoices = map[string]choice{
	"i_number_double_huge_neg_exp":                   {true, reasonNumberDigits},
	"i_number_huge_exp":                              {true, reasonNumberDigits},
	"i_number_neg_int_huge_exp":                      {true, reasonNumberDigits},
	"i_number_pos_double_huge_exp":                   {true, reasonNumberDigits},
	"i_number_real_neg_overflow":                     {true, reasonNumberDigits},
	"i_number_real_pos_overflow":                     {true, reasonNumberDigits},
	"i_number_real_underflow":                        {true, reasonNumberDigits},
	"i_number_too_big_neg_int":                       {true, reasonNumberDigits},
	"i_number_too_big_pos_int":                       {true, reasonNumberDigits},
	"i_number_very_big_negative_int":                 {true, reasonNumberDigits},
	"i_object_key_lone_2nd_surrogate":                {false, reasonSurrogate},
	"i_string_1st_surrogate_but_2nd_missing":         {false, reasonSurrogate},
	"i_string_1st_valid_surrogate_2nd_invalid":       {false, reasonSurrogate},
	"i_string_incomplete_surrogate_and_escape_valid": {false, reasonSurrogate},
	"i_string_incomplete_surrogate_pair":             {false, reasonSurrogate},
	"i_string_incomplete_surrogates_escape_valid":    {false, reasonSurrogate},
	"i_string_invalid_lonely_surrogate":              {false, reasonSurrogate},
	"i_string_invalid_surrogate":                     {false, reasonSurrogate},
	"i_string_inverted_surrogates_U+1D11E":           {false, reasonSurrogate},
	"i_string_lone_second_surrogate":                 {false, reasonSurrogate},
	"i_string_UTF-16LE_with_BOM":                     {false, reasonInvalidUTF8},
	"i_string_UTF-8_invalid_sequence":                {false, reasonInvalidUTF8},
	"i_string_UTF8_surrogate_U+D800":                 {false, reasonInvalidUTF8},
	"i_string_invalid_utf-8":                         {false, reasonInvalidUTF8},
	"i_string_iso_latin_1":                           {false, reasonInvalidUTF8},
	"i_string_lone_utf8_continuation_byte":           {false, reasonInvalidUTF8},
	"i_string_not_in_unicode_range":                  {false, reasonInvalidUTF8},
	"i_string_overlong_sequence_2_bytes":             {false, reasonInvalidUTF8},
	"i_string_overlong_sequence_6_bytes":             {false, reasonInvalidUTF8},
	"i_string_overlong_sequence_6_bytes_null":        {false, reasonInvalidUTF8},
	"i_string_truncated-utf-8":                       {false, reasonInvalidUTF8},
	"i_string_utf16BE_no_BOM":                        {false, reasonInvalidUTF8},
	"i_string_utf16LE_no_BOM":                        {false, reasonInvalidUTF8},
	"i_structure_500_nested_arrays":                  {false, reasonDepth},
	"i_structure_UTF-8_BOM_empty_object":             {false, reasonBOM},

	"y_object_duplicated_key":           {false, reasonDuplicateName},
	"y_object_duplicated_key_and_value": {false, reasonDuplicateName},
	"y_object_escaped_null_in_key":      {false, reasonNUL},
	"y_string_null_escape":              {false, reasonNUL},
	"y_structure_lonely_null":           {false, reasonScalar},
}

// nonUTF8Cases are the documents of the suite that are no UTF-8, which a package of
// texts cannot carry.
var nonUTF8Cases = map[string]string{
	"i_string_UTF-16LE_with_BOM":                                "\xff\xfe[\x00\"\x00\xe9\x00\"\x00]\x00",
	"i_string_UTF-8_invalid_sequence":                           "[\"日ш\xfa\"]",
	"i_string_UTF8_surrogate_U+D800":                            "[\"\xed\xa0\x80\"]",
	"i_string_invalid_utf-8":                                    "[\"\xff\"]",
	"i_string_iso_latin_1":                                      "[\"\xe9\"]",
	"i_string_lone_utf8_continuation_byte":                      "[\"\x81\"]",
	"i_string_not_in_unicode_range":                             "[\"\xf4\xbf\xbf\xbf\"]",
	"i_string_overlong_sequence_2_bytes":                        "[\"\xc0\xaf\"]",
	"i_string_overlong_sequence_6_bytes":                        "[\"\xfc\x83\xbf\xbf\xbf\xbf\"]",
	"i_string_overlong_sequence_6_bytes_null":                   "[\"\xfc\x80\x80\x80\x80\x80\"]",
	"i_string_truncated-utf-8":                                  "[\"\xe0\xff\"]",
	"i_string_utf16BE_no_BOM":                                   "\x00[\x00\"\x00\xe9\x00\"\x00]",
	"i_string_utf16LE_no_BOM":                                   "[\x00\"\x00\xe9\x00\"\x00]\x00",
	"n_array_a_invalid_utf8":                                    "[a\xe5]",
	"n_array_invalid_utf8":                                      "[\xff]",
	"n_number_invalid-utf-8-in-bigger-int":                      "[123\xe5]",
	"n_number_invalid-utf-8-in-exponent":                        "[1e1\xe5]",
	"n_number_invalid-utf-8-in-int":                             "[0\xe5]\n",
	"n_number_real_with_invalid_utf8_after_e":                   "[1e\xe5]",
	"n_object_lone_continuation_byte_in_key_and_trailing_comma": "{\"\xb9\":\"0\",}",
	"n_string_invalid-utf-8-in-escape":                          "[\"\\u\xe5\"]",
	"n_string_invalid_utf8_after_escape":                        "[\"\\\xe5\"]",
	"n_structure_incomplete_UTF8_BOM":                           "\xef\xbb{}",
	"n_structure_lone-invalid-utf-8":                            "\xe5",
	"n_structure_single_eacute":                                 "\xe9",
}
