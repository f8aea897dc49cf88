"""What the stand-ins remember: objects, half-done uploads, ordered faults, numbers, requests."""

import hashlib
import json
import os
import random
import threading
import time
import urllib.parse
import uuid
import zlib

import crcmod

import defaults

CRC64 = crcmod.Crc(0x142F0E1EBA9EA3693, initCrc=0, rev=True, xorOut=0xFFFFFFFFFFFFFFFF)


class State:
    """Everything, shared by the servers of all vendors."""

    def __init__(self, root, config):
        self.root, self.config = root, config
        self.lock = threading.RLock()
        self.reset()
        for name in ("objects", "tmp"):
            os.makedirs(os.path.join(root, name), exist_ok=True)

    def reset(self):
        """Forgets everything but the configuration."""
        with self.lock:
            self.uploads, self.objects, self.faults, self.log = {}, {}, [], []
            self.expired = set()
            self.stats = {vendor: self.no_numbers() for vendor in defaults.VENDORS}

    @staticmethod
    def no_numbers():
        """Numbers of one vendor at the start."""
        names = ("requests", "sig_ok", "sig_bad", "faults", "objects", "stored", "bytes_in")
        more = {"concurrent": 0, "max_concurrent": 0, "by_op": {}, "by_status": {}}
        return {**dict.fromkeys(names, 0), **more}

    def now(self):
        """The stand-ins' clock in Unix seconds."""
        fixed = self.config["now"]
        return time.time() if fixed is None else fixed

    def least_part(self, vendor):
        """Bytes that every part but the last must have."""
        least = self.config["min_part"]
        return defaults.MIN_PART[vendor] if least is None else least

    def take_fault(self, vendor, op, key):
        """The fault that hits this request, if one does."""
        with self.lock:
            for fault in list(self.faults):
                wanted = (fault.get("vendor", "*"), fault.get("op", "*"), fault.get("key", "*"))
                met = zip(wanted, (vendor, op, key))
                if not all(want in ("*", is_) for want, is_ in met):
                    continue
                fault["seen"] = fault.get("seen", 0) + 1
                if fault["seen"] <= fault.get("skip", 0) or random.random() > fault.get("p", 1.0):
                    continue
                fault["hit"] = fault.get("hit", 0) + 1
                if fault.get("count") is not None and fault["hit"] >= fault["count"]:
                    self.faults.remove(fault)
                self.stats[vendor]["faults"] += 1
                return fault
        return None

    def temporary(self):
        """A fresh path for bytes on their way."""
        return os.path.join(self.root, "tmp", uuid.uuid4().hex)

    def path_for(self, vendor, bucket, key):
        """Where an object lies."""
        name = urllib.parse.quote(key, safe="")
        if len(name) > 180:
            name = name[:120] + "~" + hashlib.sha1(key.encode()).hexdigest()
        folder = os.path.join(self.root, "objects", vendor, bucket)
        os.makedirs(folder, exist_ok=True)
        return os.path.join(folder, name or "%")

    def store(self, vendor, bucket, key, files, facts):
        """Puts an object in place, made of files one after the other; answers its CRC-64."""
        path = self.path_for(vendor, bucket, key)
        crc, sha, size = CRC64.new(), hashlib.sha256(), 0
        aside = self.temporary()
        with open(aside, "wb") as out:
            for file in files:
                for block in blocks(file):
                    out.write(block)
                    crc.update(block)
                    sha.update(block)
                    size += len(block)
        os.replace(aside, path)
        meta = {
            "vendor": vendor,
            "bucket": bucket,
            "key": key,
            "size": size,
            "path": path,
            "sha256": sha.hexdigest(),
            "crc64": str(crc.crcValue),
            **facts,
        }
        with open(path + ".meta.json", "w", encoding="utf-8") as out:
            json.dump(meta, out, ensure_ascii=False, indent=1)
        with self.lock:
            place = (vendor, bucket, key)
            self.stats[vendor]["objects"] += place not in self.objects
            self.stats[vendor]["stored"] += 1
            self.objects[place] = meta
        return str(crc.crcValue)


def blocks(path):
    """A file piece by piece."""
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            yield block


def remove(path):
    """Removes a file that may be gone already."""
    try:
        os.unlink(path)
    except OSError:
        pass


class Body:
    """A request's body on disk, with every digest that a vendor may ask for."""

    def __init__(self, state):
        self.path = state.temporary()
        self.file = open(self.path, "wb")
        self.length, self.crc32 = 0, 0
        self.md5, self.sha256, self.crc64 = hashlib.md5(), hashlib.sha256(), CRC64.new()

    def write(self, block):
        """Takes the next piece."""
        self.file.write(block)
        self.length += len(block)
        self.md5.update(block)
        self.sha256.update(block)
        self.crc64.update(block)
        self.crc32 = zlib.crc32(block, self.crc32)

    def done(self):
        """No more comes."""
        self.file.close()
        return self

    def bytes(self):
        """All of it in memory."""
        with open(self.path, "rb") as file:
            return file.read()

    def drop(self):
        """Removes it from the disk."""
        self.file.close()
        remove(self.path)
