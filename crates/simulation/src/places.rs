//! Where events come from: offices, the towns around them, hotels, a data centre, and places nobody works at.
//!
//! An address belongs to one place for ever. All are of ranges reserved for documentation: `198.51.100.0/24` offices,
//! `203.0.113.0/24` and `2001:db8::/32` homes, `192.0.2.0/24` hotels, strangers and the data centre.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::{json::Object, random::Dice, rhythm::HOUR_NANOS};

/// A town. Coordinates are decimal degrees as JSON writes them, north and east positive.
#[derive(Debug, PartialEq)]
pub(crate) struct Place {
    /// ISO 3166 alpha-2.
    pub(crate) country: &'static str,
    /// Two letters.
    pub(crate) continent: &'static str,
    region: &'static str,
    city: &'static str,
    latitude: &'static str,
    longitude: &'static str,
}

/// An office and the towns its people live in; the first is the office's own.
#[derive(Debug)]
pub(crate) struct Office {
    number: u8,
    /// How many of a hundred people work here.
    percent: u64,
    offset_hours: i64,
    towns: [Place; 3],
}

/// An address and where it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Network {
    pub(crate) place: &'static Place,
    pub(crate) address: IpAddr,
}

macro_rules! place {
    ($country:literal, $continent:literal, $region:literal, $city:literal, $latitude:literal, $longitude:literal) => {
        Place {
            country: $country,
            continent: $continent,
            region: $region,
            city: $city,
            latitude: $latitude,
            longitude: $longitude,
        }
    };
}

/// The company's offices.
pub(crate) static OFFICES: [Office; 4] = [
    Office {
        number: 0,
        percent: 22,
        offset_hours: 12,
        towns: [
            place!("NZ", "OC", "Wellington", "Wellington", "-41.29", "174.78"),
            place!("NZ", "OC", "Wellington", "Lower Hutt", "-41.21", "174.91"),
            place!("NZ", "OC", "Wellington", "Porirua", "-41.13", "174.84"),
        ],
    },
    Office {
        number: 1,
        percent: 35,
        offset_hours: 1,
        towns: [
            place!("DE", "EU", "Berlin", "Berlin", "52.52", "13.4"),
            place!("DE", "EU", "Brandenburg", "Potsdam", "52.39", "13.06"),
            place!("DE", "EU", "Brandenburg", "Bernau", "52.68", "13.59"),
        ],
    },
    Office {
        number: 2,
        percent: 28,
        offset_hours: -5,
        towns: [
            place!("CA", "NA", "Ontario", "Toronto", "43.65", "-79.38"),
            place!("CA", "NA", "Ontario", "Mississauga", "43.59", "-79.64"),
            place!("CA", "NA", "Ontario", "Hamilton", "43.26", "-79.87"),
        ],
    },
    Office {
        number: 3,
        percent: 15,
        offset_hours: 3,
        towns: [
            place!("KE", "AF", "Nairobi", "Nairobi", "-1.29", "36.82"),
            place!("KE", "AF", "Kiambu", "Thika", "-1.03", "37.07"),
            place!("KE", "AF", "Kiambu", "Ruiru", "-1.15", "36.96"),
        ],
    },
];

static ELSEWHERE: [Place; 4] = [
    place!("CL", "SA", "Valparaíso", "Valparaíso", "-33.05", "-71.61"),
    place!("IS", "EU", "Capital Region", "Reykjavík", "64.15", "-21.94"),
    place!("PA", "NA", "Panamá", "Panama City", "8.98", "-79.52"),
    place!("FJ", "OC", "Central", "Suva", "-18.14", "178.44"),
];

static DATA_CENTRE: Place = place!("DE", "EU", "Hesse", "Frankfurt am Main", "50.11", "8.68");

impl Place {
    /// Writes the members of a location.
    pub(crate) fn write(&self, mut object: Object<'_>) {
        object.text("country", self.country);
        object.text("region", self.region);
        object.text("city", self.city);
        object.raw("latitude", self.latitude);
        object.raw("longitude", self.longitude);
        object.close();
    }
}

impl Office {
    /// An office, the large ones more often.
    pub(crate) fn any(dice: &mut Dice) -> &'static Self {
        dice.weighted(&OFFICES, |office| office.percent)
    }

    /// One of the offices other than this one.
    pub(crate) fn another(&self, number: u64) -> &'static Self {
        &OFFICES[(usize::from(self.number) + 1 + (number % 3) as usize) % OFFICES.len()]
    }

    /// How far local time is ahead of UTC.
    pub(crate) fn offset_nanos(&self) -> i64 {
        self.offset_hours * HOUR_NANOS
    }

    /// The address that people in the office share; a large office has two.
    pub(crate) fn network(&'static self, person: u32) -> Network {
        let address = Ipv4Addr::new(198, 51, 100, 10 + self.number * 10 + (person % 2) as u8);
        Network { place: &self.towns[0], address: address.into() }
    }

    /// A home near the office: half of them have IPv6, the others share addresses with neighbours.
    pub(crate) fn home(&'static self, person: u32, dice: &mut Dice) -> Network {
        let town = dice.below(3) as u8;
        let address: IpAddr = if dice.chance(450) {
            let prefix = 0x100 + u16::from(self.number) * 16 + u16::from(town);
            let (high, low) = ((person >> 16) as u16, person as u16);
            Ipv6Addr::new(0x2001, 0xdb8, prefix, high, low, 0, 0, 2 + dice.below(0xfff) as u16).into()
        } else {
            Ipv4Addr::new(203, 0, 113, 1 + self.number * 60 + town * 20 + dice.below(20) as u8).into()
        };
        Network { place: &self.towns[usize::from(town)], address }
    }

    /// The hotel where visitors of the office stay.
    pub(crate) fn hotel(&'static self) -> Network {
        Network { place: &self.towns[0], address: Ipv4Addr::new(192, 0, 2, 10 + self.number).into() }
    }
}

/// An address nobody of the company has, far away from every office.
pub(crate) fn stranger(number: u64) -> Network {
    let place = number % ELSEWHERE.len() as u64;
    let host = 100 + place * 20 + number / ELSEWHERE.len() as u64 % 20;
    Network { place: &ELSEWHERE[place as usize], address: Ipv4Addr::new(192, 0, 2, host as u8).into() }
}

/// An address of the data centre where service accounts run.
pub(crate) fn data_centre(number: u32) -> Network {
    Network { place: &DATA_CENTRE, address: Ipv4Addr::new(192, 0, 2, 200 + (number % 16) as u8).into() }
}
