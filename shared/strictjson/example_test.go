package strictjson_test

import (
	"errors"
	"fmt"

	"cedula/shared/strictjson"
)

func ExampleDecode() {
	var body struct {
		Name     string `json:"name"`
		Children []struct {
			Age int `json:"age"`
		} `json:"children"`
	}
	err := strictjson.Decode([]byte(`{"name": "Ana", "children": [{"age": "seven"}]}`), &body)
	fmt.Println(err)

	var invalid *strictjson.Error
	if errors.As(err, &invalid) {
		fmt.Println(invalid.Field)
	}
	// Output:
	// children.0.age must be a whole number
	// children.0.age
}

func ExampleDecodeCaseInsensitive() {
	var body struct {
		Name string            `json:"name"`
		Tags strictjson.Array  `json:"tags"`
		Meta strictjson.Object `json:"meta"`
	}
	fmt.Println(strictjson.DecodeCaseInsensitive([]byte(`{"NAME": "Ana", "Tags": [1.10], "meta": null}`), &body))
	fmt.Println(body.Name, body.Tags, body.Meta)
	fmt.Println(strictjson.DecodeCaseInsensitive([]byte(`{"name": "Ana", "Name": "Eva"}`), &body))
	fmt.Println(strictjson.DecodeCaseInsensitive([]byte(`{"tags": {}}`), &body))
	// Output:
	// <nil>
	// Ana [1.10] null
	// Name stands twice in its object
	// tags must be an array
}

func ExampleMergePatch() {
	base := strictjson.Value(`{"plan": "basic", "limits": {"daily": 100, "monthly": 900}}`)
	patch := strictjson.Value(`{"plan": null, "limits": {"daily": 200}, "vip": true}`)
	fmt.Println(strictjson.MergePatch(base, patch))
	// Output: {"limits":{"daily":200,"monthly":900},"vip":true}
}

func ExampleOptional() {
	var patch struct {
		Name  strictjson.Optional[string] `json:"name"`
		Email strictjson.Optional[string] `json:"email"`
	}
	if err := strictjson.Decode([]byte(`{"email": null}`), &patch); err != nil {
		fmt.Println(err)
	}
	name, email := "Ana", "ana@example.com"
	patch.Name.ApplyTo(&name)
	patch.Email.ApplyTo(&email)
	fmt.Printf("%q %q\n", name, email)
	// Output: "Ana" ""
}
