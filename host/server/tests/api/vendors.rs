//! Every vendor and region of the shipped table is taken by its plugin, and the hosts that it then wants
//! are granted.

use std::sync::Arc;

use capstan_config::Config;
use capstan_outbox::ports::Storages;
use capstan_server::clock::SystemClock;
use capstan_server::plugins;
use serde_json::{Value, json};

#[test]
fn every_vendor_and_region_of_the_table_is_taken_by_its_plugin() {
    let mut config = Config::load(None, []).unwrap();
    config.plugins.compile_with = Some(env!("CARGO_BIN_EXE_capstan").into());
    let plugins = plugins::load(&config, Arc::new(SystemClock::start())).unwrap();
    let mut opened = 0;
    for (key, vendor) in config.vendors.iter() {
        let numbers = vendor.regions.keys().map(|number| json!(number));
        let regions: Vec<Value> = numbers.chain([json!(0)]).collect();
        for region in regions {
            let mut fields = json!({
                "region": region,
                "bucket": "recordings-1250000000",
                "accessKey": "account",
                // Azure's is base64; the others take any text.
                "secretKey": "c2VjcmV0",
            });
            if key == "11" {
                fields["extensionParams"] = json!({"endpoint": "https://s3.example.com"});
            }
            let fields = fields.as_object().unwrap().clone();
            let target = vendor.target(key, fields).unwrap();
            let storage = plugins.open(&target);
            let refused = storage.err().map(|error| error.to_string());
            assert_eq!(refused, None, "vendor {key} ({}), region {region}", vendor.name);
            opened += 1;
        }
    }
    assert!(opened > 100, "{opened} of the table's vendors and regions");
}
